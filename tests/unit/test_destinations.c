/* SPDX-License-Identifier: ISC */
/* What Dendrite's tables tell of other servers, how the list follows them, and how one is reset. */
#include "database.h"
#include "store/deferred.h"
#include "store/destinations.h"
#include "store/refreshes.h"

#define NOW_MIN INT64_C(1600000000000) /* any time of these years is after it */

/* As Dendrite makes them. */
static const char *const tables[] = {
    "CREATE TABLE federationsender_joined_hosts (room_id TEXT NOT NULL, event_id TEXT NOT NULL,"
    " server_name TEXT NOT NULL)",
    "CREATE UNIQUE INDEX federatonsender_joined_hosts_event_id_idx"
    " ON federationsender_joined_hosts (event_id)",
    "CREATE INDEX federatonsender_joined_hosts_room_id_idx ON federationsender_joined_hosts (room_id)",
    "CREATE TABLE federationsender_blacklist (server_name TEXT NOT NULL, UNIQUE (server_name))",
    "CREATE TABLE federationsender_assumed_offline (server_name TEXT NOT NULL PRIMARY KEY)",
    "CREATE TABLE federationsender_queue_pdus (transaction_id TEXT NOT NULL, server_name TEXT NOT NULL,"
    " json_nid BIGINT NOT NULL)",
    "CREATE INDEX federationsender_queue_pdus_server_name_idx ON federationsender_queue_pdus (server_name)",
    "CREATE TABLE federationsender_queue_edus (edu_type TEXT NOT NULL, server_name TEXT NOT NULL,"
    " json_nid BIGINT NOT NULL, expires_at BIGINT NOT NULL DEFAULT 0)",
    "CREATE INDEX federationsender_queue_edus_server_name_idx ON federationsender_queue_edus (server_name)",
    "CREATE TABLE federationsender_queue_json (json_nid INTEGER PRIMARY KEY AUTOINCREMENT,"
    " json_body TEXT NOT NULL)",
};

/*
 * fine.org shares both rooms, and nothing waits for it; busy.org one, and something does. gone.org was given
 * up with two events waiting, Lost.org without any. off.org could not be reached and has something waiting,
 * old.org could not be reached before a restart.
 */
static const char *const rows[] = {
    "INSERT INTO roomserver_rooms (room_id, room_version, last_event_sent_nid)"
    " VALUES ('!a:" SERVER "', '10', 7), ('!b:" SERVER "', '10', 9)",
    "INSERT INTO roomserver_events (room_nid, event_type_nid, event_state_key_nid, depth, event_id)"
    " VALUES (1, 1, 0, 1, '$1'), (1, 1, 0, 2, '$2')",
    "INSERT INTO federationsender_joined_hosts VALUES ('!a:" SERVER "', '$1', '" SERVER "'),"
    " ('!a:" SERVER "', '$2', 'fine.org'), ('!a:" SERVER "', '$3', 'fine.org'),"
    " ('!b:" SERVER "', '$4', 'fine.org'), ('!b:" SERVER "', '$5', 'busy.org'),"
    " ('!c:busy.org', '$6', 'busy.org')",
    "INSERT INTO federationsender_blacklist VALUES ('gone.org'), ('Lost.org')",
    "INSERT INTO federationsender_assumed_offline VALUES ('gone.org'), ('off.org'), ('old.org')",
    "INSERT INTO federationsender_queue_json (json_body) VALUES ('{\"origin_server_ts\":500}'),"
    " ('{\"origin_server_ts\":400}'), ('{\"edu_type\":\"m.typing\"}')",
    "INSERT INTO federationsender_queue_pdus VALUES ('', 'gone.org', 2), ('', 'gone.org', 1),"
    " ('', 'busy.org', 1), ('', '" SERVER "', 1)",
    "INSERT INTO federationsender_queue_edus (edu_type, server_name, json_nid) VALUES"
    " ('m.typing', 'off.org', 3)",
};

static int with_rows(void **state)
{
    struct database *d;

    database_new(state);
    d = *state;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        run(d->db, tables[i]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        run(d->db, rows[i]);
    assert_int_equal(destinations_refresh(d->db, SERVER, false), ERR_OK);
    return 0;
}

/* The names of a page, each with a space after it. */
static void names_of(struct database *d, const struct destination_page *page, int64_t total, char text[256])
{
    struct destination_rows found;
    int64_t all = 0;

    text[0] = '\0';
    assert_int_equal(destinations_page(d->db, SERVER, page, d->arena, &found, &all), ERR_OK);
    assert_int_equal(all, total);
    for (size_t i = 0; i < found.count; i++) {
        strcat(text, found.items[i].name);
        strcat(text, " ");
    }
}

static void lists_every_server_but_ours(void **state)
{
    static const struct {
        struct destination_page page;
        int64_t total;
        const char *names;
    } cases[] = {
        {{.limit = 100}, 6, "Lost.org busy.org fine.org gone.org off.org old.org "},
        {{.limit = 100, .backwards = true}, 6, "old.org off.org gone.org fine.org busy.org Lost.org "},
        {{.limit = 2, .from = 1}, 6, "busy.org fine.org "},
        {{.limit = 2, .from = 6}, 6, ""},
        {{.limit = 0}, 6, ""},
        {{.limit = 9, .search = "LO"}, 1, "Lost.org "},
        {{.limit = 9, .search = "o%"}, 0, ""},
        {{.limit = 9, .search = ""}, 6, "Lost.org busy.org fine.org gone.org off.org old.org "},
        {{.limit = 9, .order = DESTINATION_ORDER_RETRY_INTERVAL, .backwards = true},
         6,
         "Lost.org gone.org busy.org fine.org off.org old.org "},
        {{.limit = 9, .order = DESTINATION_ORDER_SENT},
         6,
         "Lost.org busy.org gone.org off.org fine.org old.org "},
    };
    char text[256];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        names_of(*state, &cases[i].page, cases[i].total, text);
        assert_string_equal(text, cases[i].names);
    }
}

static void tells_what_is_known_of_one(void **state)
{
    static const struct {
        const char *name;
        int64_t failure_ts; /* NOW_MIN: since it was seen */
        int64_t retry_interval, sent;
    } cases[] = {
        {"fine.org", 0, 0, 2},
        {"busy.org", 0, 0, -1},
        {"old.org", 0, 0, 2},
        {"gone.org", 500, 65536000, -1},
        {"Lost.org", NOW_MIN, 65536000, -1},
        {"off.org", NOW_MIN, 0, -1},
    };
    struct database *d = *state;
    struct destination found;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(destinations_find(d->db, SERVER, cases[i].name, d->arena, &found), ERR_OK);
        assert_string_equal(found.name, cases[i].name);
        if (cases[i].failure_ts == NOW_MIN)
            assert_true(found.failure_ts > NOW_MIN);
        else
            assert_int_equal(found.failure_ts, cases[i].failure_ts);
        assert_int_equal(found.retry_interval, cases[i].retry_interval);
        assert_int_equal(found.sent, cases[i].sent);
        assert_false(found.reset_waits);
    }
    assert_int_equal(destinations_find(d->db, SERVER, "nowhere.org", d->arena, &found), ERR_NOT_FOUND);
    assert_int_equal(destinations_find(d->db, SERVER, SERVER, d->arena, &found), ERR_NOT_FOUND);
}

static void lists_the_rooms_of_one(void **state)
{
    struct database *d = *state;
    struct destination_room_rows found;
    int64_t total = 0;

    assert_int_equal(destinations_rooms(d->db, "fine.org", false, 0, 9, d->arena, &found, &total), ERR_OK);
    assert_int_equal(total, 2);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.items[0].room_id, "!a:" SERVER);
    assert_int_equal(found.items[0].sent, 7);
    assert_int_equal(found.items[1].sent, 9);
    assert_int_equal(destinations_rooms(d->db, "busy.org", true, 0, 1, d->arena, &found, &total), ERR_OK);
    assert_int_equal(total, 2);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.items[0].room_id, "!c:busy.org");
    assert_int_equal(found.items[0].sent, 0);
    assert_int_equal(destinations_rooms(d->db, "gone.org", false, 0, 9, d->arena, &found, &total), ERR_OK);
    assert_int_equal(total, 0);
}

static void refresh(struct database *d)
{
    assert_int_equal(refreshes_forget(d->db, REFRESHES_DESTINATIONS), ERR_OK);
    assert_int_equal(destinations_refresh(d->db, SERVER, false), ERR_OK);
}

static void a_failure_keeps_its_time_until_it_is_over(void **state)
{
    struct database *d = *state;
    struct destination found;

    run(d->db, "UPDATE mxadmin_destination_failures SET failure_ts = 3");
    refresh(d);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_destination_failures WHERE failure_ts = 3"),
                     3);
    run(d->db, "DELETE FROM federationsender_queue_edus");
    run(d->db, "DELETE FROM federationsender_blacklist WHERE server_name = 'Lost.org'");
    refresh(d);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_destination_failures"), 1);
    assert_int_equal(destinations_find(d->db, SERVER, "off.org", d->arena, &found), ERR_OK);
    assert_int_equal(found.failure_ts, 0);
    assert_int_equal(destinations_find(d->db, SERVER, "Lost.org", d->arena, &found), ERR_NOT_FOUND);
}

#define PAIRS                                                                                                \
    "SELECT DISTINCT room_id, server_name FROM federationsender_joined_hosts WHERE server_name <> '" SERVER  \
    "'"
/* Pairs that are not kept, or kept wrongly. */
static const char sql_wrong[] =
    "SELECT (SELECT COUNT(*) FROM (" PAIRS " EXCEPT SELECT room_id, server_name"
    " FROM mxadmin_destination_rooms) AS a) + (SELECT COUNT(*) FROM (SELECT room_id, server_name"
    " FROM mxadmin_destination_rooms EXCEPT " PAIRS ") AS b)";
static const char sql_miscounted[] =
    "SELECT COUNT(*) FROM (SELECT server_name, COUNT(*) AS n FROM mxadmin_destination_rooms"
    " GROUP BY server_name) AS p LEFT JOIN mxadmin_destinations d ON d.server_name = p.server_name"
    " WHERE d.rooms IS NOT p.n";

static void follows_the_members(void **state)
{
    static const char *const changes[] = {
        /* some slices, one of them a room that is larger than a slice */
        "INSERT INTO federationsender_joined_hosts WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1"
        " FROM n WHERE i < 9000) SELECT printf('!r%05d', CASE WHEN i > 4000 AND i < 7000 THEN 4000 ELSE i "
        "END),"
        " '$x' || i, 's' || (i % 7) || '.org' FROM n",
        "DELETE FROM federationsender_joined_hosts WHERE event_id IN ('$x1', '$x4000', '$x9000')",
        "DELETE FROM federationsender_joined_hosts WHERE server_name = 's3.org'",
        "UPDATE federationsender_joined_hosts SET server_name = 's9.org' WHERE room_id = '!r04000'",
        "DELETE FROM federationsender_joined_hosts",
    };
    struct database *d = *state;

    assert_int_equal(number(d->db, sql_wrong), 0);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        run(d->db, changes[i]);
        assert_true(number(d->db, sql_wrong) > 0);
        refresh(d);
        assert_int_equal(number(d->db, sql_wrong), 0);
        assert_int_equal(number(d->db, sql_miscounted), 0);
    }
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_destinations"), 0);
}

static void is_reset(void **state)
{
    static const struct deferred_change change = {
        0, DEFERRED_RESET_DESTINATION, "gone.org", DEFERRED_NOTHING, "admin", 5};
    struct database *d = *state;
    struct destination found;

    assert_int_equal(deferred_put(d->db, &change), ERR_OK);
    assert_int_equal(destinations_find(d->db, SERVER, "gone.org", d->arena, &found), ERR_OK);
    assert_true(found.reset_waits);
    assert_int_equal(destinations_reset(d->db, "gone.org"), ERR_OK);
    assert_int_equal(destinations_reset(d->db, "gone.org"), ERR_OK);
    assert_int_equal(destinations_find(d->db, SERVER, "gone.org", d->arena, &found), ERR_OK);
    assert_int_equal(found.failure_ts, 0);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM federationsender_assumed_offline"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_every_server_but_ours, with_rows, database_end),
        cmocka_unit_test_setup_teardown(tells_what_is_known_of_one, with_rows, database_end),
        cmocka_unit_test_setup_teardown(lists_the_rooms_of_one, with_rows, database_end),
        cmocka_unit_test_setup_teardown(a_failure_keeps_its_time_until_it_is_over, with_rows, database_end),
        cmocka_unit_test_setup_teardown(follows_the_members, with_rows, database_end),
        cmocka_unit_test_setup_teardown(is_reset, with_rows, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
