/* SPDX-License-Identifier: ISC */
/* How the list of rooms follows the rooms: one by one, and by a comparison in slices; and its orders. */
#include "database.h"
#include "store/room_list.h"
#include "store/room_sizes.h"

#define ROOMS 1203 /* two whole slices, and some */

/* Rooms with a number of members that differs, some of them local, and names that repeat. */
static const char *const sql_add[] = {
    "INSERT INTO roomserver_rooms (room_id, room_version, latest_event_nids)"
    " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203)"
    " SELECT printf('!r%05d:" SERVER "', i), CASE i % 3 WHEN 0 THEN '9' WHEN 1 THEN '10' ELSE '11' END,"
    " '[1]' FROM n",
    "INSERT INTO roomserver_rooms (room_id, room_version) VALUES ('!invitation:other.org', '10')",
    "INSERT INTO roomserver_membership (room_nid, target_nid, membership_nid, target_local)"
    " WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 6)"
    " SELECT room_nid, 100 + i, CASE WHEN i < room_nid % 6 THEN 3 ELSE 1 END, i % 2 FROM roomserver_rooms, n"
    " WHERE latest_event_nids <> '[]'",
    "INSERT INTO syncapi_output_room_events (event_id, room_id, headered_event_json, type, sender,"
    " contains_url) SELECT '$' || room_nid, room_id, '{}', 'm.room.message', '@a:" SERVER "', 0"
    " FROM roomserver_rooms WHERE latest_event_nids <> '[]'",
    "INSERT INTO syncapi_current_room_state (room_id, event_id, type, sender, state_key,"
    " headered_event_json) SELECT room_id, '$n' || room_nid, 'm.room.name', '@a:" SERVER "', '',"
    " json_object('content', json_object('name', printf('Name %d', room_nid % 100))) FROM roomserver_rooms"
    " WHERE latest_event_nids <> '[]'",
    "INSERT INTO syncapi_current_room_state (room_id, event_id, type, sender, state_key,"
    " headered_event_json) SELECT room_id, '$c' || room_nid, 'm.room.create', '@a:" SERVER "', '',"
    " json_object('content', json_object('m.federate', json(iif(room_nid % 7, 'true', 'false'))))"
    " FROM roomserver_rooms WHERE latest_event_nids <> '[]'",
    ("INSERT INTO roomserver_published (room_id, published) SELECT room_id, TRUE FROM roomserver_rooms"
     " WHERE room_nid % 5 = 0 AND latest_event_nids <> '[]'"),
};
#define SAID " WHERE type = 'm.room.name' AND room_id = r.room_id"
/* Rows of the list that are not as they should be, or for no room. */
static const char sql_wrong[] =
    "SELECT (SELECT COUNT(*) FROM roomserver_rooms r LEFT JOIN mxadmin_rooms l ON l.room_id = r.room_id"
    " WHERE r.latest_event_nids <> '[]' AND (l.room_id IS NULL OR l.room_nid <> r.room_nid"
    " OR l.version <> r.room_version OR l.joined_members <> (SELECT COUNT(*) FROM roomserver_membership"
    " WHERE room_nid = r.room_nid AND membership_nid = 3)"
    " OR l.joined_local_members <> (SELECT COUNT(*) FROM roomserver_membership"
    " WHERE room_nid = r.room_nid AND membership_nid = 3 AND target_local)"
    " OR l.state_events <> (SELECT COUNT(*) FROM syncapi_current_room_state WHERE room_id = r.room_id)"
    " OR l.name <> COALESCE((SELECT json_extract(headered_event_json, '$.content.name')"
    " FROM syncapi_current_room_state" SAID "), '')"
    " OR (l.flags & 1) <> EXISTS (SELECT 1 FROM roomserver_published"
    " WHERE room_id = r.room_id AND published)"
    " OR (l.flags & 2 <> 0) <> (l.joined_members = 0)))"
    " + (SELECT COUNT(*) FROM mxadmin_rooms WHERE room_id NOT IN"
    " (SELECT room_id FROM roomserver_rooms WHERE latest_event_nids <> '[]'))"
    " + (SELECT COUNT(*) FROM mxadmin_room_work)";
static const char sql_miscounted[] =
    "SELECT COUNT(*) FROM (SELECT flags, COUNT(*) AS n FROM mxadmin_rooms GROUP BY flags) AS f"
    " LEFT JOIN mxadmin_room_counts c ON c.flags = f.flags WHERE c.rooms IS NOT f.n";
/* The same of rooms that a Dendrite has made, by their members alone. */
static const char sql_wrong_of_dendrites[] =
    "SELECT (SELECT COUNT(*) FROM roomserver_rooms r LEFT JOIN mxadmin_rooms l ON l.room_id = r.room_id"
    " WHERE l.joined_members IS NOT (SELECT COUNT(*) FROM roomserver_membership"
    " WHERE room_nid = r.room_nid AND membership_nid = 3))";
/* The rooms whose number is in the middle of the slices, at their ends and at the end of all. */
#define SOME "(1, 2, 499, 500, 501, 1000, 1001, 1203)"
static const char sql_tell[] =
    "INSERT INTO syncapi_output_room_events (event_id, room_id, headered_event_json, type, sender,"
    " contains_url) SELECT '$again' || room_nid || '-' || (SELECT COUNT(*) FROM syncapi_output_room_events),"
    " room_id, '{}', 'm.room.message', '@a:" SERVER "', 0 FROM roomserver_rooms WHERE room_nid IN " SOME;

static int many(void **state)
{
    struct database *d;

    database_new(state);
    d = *state;
    for (size_t i = 0; i < sizeof sql_add / sizeof *sql_add; i++)
        run(d->db, sql_add[i]);
    return 0;
}

/* What has changed is found, and read. */
static void refresh(struct database *d)
{
    bool over = false;

    assert_int_equal(room_list_compare(d->db, true), ERR_OK);
    assert_int_equal(room_list_read(d->db, INT64_MAX, &over), ERR_OK);
    assert_true(over);
}

static int listed(void **state)
{
    struct database *d;

    many(state);
    d = *state;
    refresh(d);
    return 0;
}

static void compares_in_slices(void **state)
{
    static const char *const changes[] = {
        "UPDATE roomserver_membership SET membership_nid = 3 WHERE room_nid IN " SOME,
        "UPDATE syncapi_current_room_state SET headered_event_json = '{\"content\":{\"name\":\"New\"}}'"
        " WHERE type = 'm.room.name' AND room_id IN (SELECT room_id FROM roomserver_rooms WHERE room_nid"
        " IN " SOME ")",
        "INSERT INTO roomserver_published (room_id, published) VALUES ('!r00001:" SERVER "', TRUE)",
        "DELETE FROM roomserver_published",
        "DELETE FROM roomserver_rooms WHERE room_nid IN " SOME,
        "UPDATE roomserver_rooms SET latest_event_nids = '[]' WHERE room_nid = 3",
        "UPDATE roomserver_rooms SET room_nid = 5000 WHERE room_nid = 4",
        "DELETE FROM roomserver_rooms",
    };
    struct database *d = *state;

    assert_int_equal(number(d->db, sql_wrong), ROOMS);
    refresh(d);
    assert_int_equal(number(d->db, sql_wrong), 0);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        run(d->db, changes[i]);
        run(d->db, sql_tell);
        assert_true(number(d->db, sql_wrong) > 0);
        refresh(d);
        assert_int_equal(number(d->db, sql_wrong), 0);
        assert_int_equal(number(d->db, sql_miscounted), 0);
    }
}

/* Only rooms that have something new are read again. */
static void leaves_what_has_not_changed(void **state)
{
    struct database *d = *state;

    run(d->db, "UPDATE mxadmin_rooms SET name = 'Kept'");
    run(d->db, sql_tell);
    refresh(d);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_rooms WHERE name <> 'Kept'"), 8);
}

/* A process that ends between comparing and reading leaves the rooms for the next one. */
static void goes_on_with_what_was_left(void **state)
{
    struct database *d = *state;
    bool over = true;

    run(d->db, "DELETE FROM mxadmin_rooms WHERE room_nid < 10");
    run(d->db, "INSERT INTO mxadmin_room_work (room_id) SELECT room_id FROM roomserver_rooms"
               " WHERE room_nid < 10");
    assert_int_equal(room_list_read(d->db, 0, &over), ERR_OK);
    assert_false(over);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_room_work"), 9);
    assert_int_equal(room_list_read(d->db, INT64_MAX, &over), ERR_OK);
    assert_true(over);
    assert_int_equal(number(d->db, sql_wrong), 0);
}

/* One that takes longer than there is time is read all the same, if it is begun at all. */
static void reads_a_large_room_to_its_end(void **state)
{
    struct database *d = *state;
    bool over = false;
    int64_t turns = 0;

    run(d->db, "INSERT INTO roomserver_membership (room_nid, target_nid, membership_nid, target_local)"
               " WITH RECURSIVE n (i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 400000)"
               " SELECT 1, i, 3, 0 FROM n");
    run(d->db, "INSERT INTO mxadmin_room_work (room_id) VALUES ('!r00001:" SERVER "')");
    for (; !over && turns < 1000; turns++)
        assert_int_equal(room_list_read(d->db, 1, &over), ERR_OK);
    assert_true(over);
    assert_int_equal(number(d->db, sql_wrong), 0);
}

/* Somebody else may have had our own database: that is looked for once a day. */
static void doubts_all_once_a_day(void **state)
{
    static const char change[] = "UPDATE roomserver_membership SET membership_nid = 3 WHERE room_nid = 1";
    struct database *d = *state;
    bool over;

    run(d->db, change);
    run(d->db, sql_tell);
    assert_int_equal(room_list_doubt(d->db), ERR_OK);
    assert_int_equal(room_list_read(d->db, INT64_MAX, &over), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 1);
    run(d->db, "UPDATE mxadmin_refreshes SET refreshed_ts = refreshed_ts - 86500000");
    assert_int_equal(room_list_doubt(d->db), ERR_OK);
    assert_int_equal(room_list_read(d->db, INT64_MAX, &over), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);
}

/* A file of Dendrite's beside our own. */
static int beside(void **state)
{
    const char *paths[1];
    struct database *d;
    char own[128];

    database_of_dendrite(state);
    d = *state;
    paths[0] = d->path;
    snprintf(own, sizeof own, "%s/own.db", d->folder);
    assert_int_equal(schema_open_beside(&d->db, own, SERVER), ERR_OK);
    assert_int_equal(db_attach(d->db, paths, 1), ERR_OK);
    refresh(d);
    return 0;
}

/* What no comparison finds is read once a day. */
static void reads_all_once_a_day(void **state)
{
    static const char harm[] = "UPDATE mxadmin_rooms SET joined_members = 99 WHERE room_nid = 1";
    struct database *d = *state;

    assert_int_equal(number(d->db, sql_wrong_of_dendrites), 0);
    for (int day = 0; day < 2; day++) {
        run(d->db, harm);
        assert_int_equal(room_list_doubt(d->db), ERR_OK);
        refresh(d);
        assert_int_equal(number(d->db, sql_wrong_of_dendrites), 0);
        run(d->db, harm);
        assert_int_equal(room_list_doubt(d->db), ERR_OK);
        refresh(d);
        assert_int_equal(number(d->db, sql_wrong_of_dendrites), 1);
        run(d->db, "UPDATE mxadmin_refreshes SET refreshed_ts = refreshed_ts - 86500000");
    }
}

static void follows_one_room(void **state)
{
    static const char one[] = "!r00007:" SERVER;
    const struct room_change change = {.joined = 2, .joined_local = 1, .state_events = 1, .state = true};
    struct database *d = *state;

    run(d->db, "UPDATE roomserver_membership SET membership_nid = 3 WHERE room_nid = 7 AND target_nid IN"
               " (101, 102)");
    run(d->db,
        "UPDATE syncapi_current_room_state SET headered_event_json = '{\"content\":{\"name\":\"New\"}}'"
        " WHERE event_id = '$n7'");
    run(d->db, "INSERT INTO syncapi_current_room_state (room_id, event_id, type, sender, state_key,"
               " headered_event_json) VALUES ('!r00007:" SERVER "', '$x', 'x', '', '', '{}')");
    assert_int_equal(number(d->db, sql_wrong), 1);
    assert_int_equal(room_list_follow(d->db, one, 9999, &change), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);

    run(d->db, "INSERT INTO roomserver_published (room_id, published) VALUES ('!r00007:" SERVER "', TRUE)");
    assert_int_equal(room_list_set_public(d->db, one, true), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);
    assert_int_equal(number(d->db, sql_miscounted), 0);

    run(d->db, "UPDATE roomserver_rooms SET latest_event_nids = '[]' WHERE room_nid = 7");
    assert_int_equal(room_list_touch(d->db, one), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);
    run(d->db, "UPDATE roomserver_rooms SET latest_event_nids = '[2]' WHERE room_nid = 7");
    assert_int_equal(room_list_follow(d->db, one, 9999, &(struct room_change){0}), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);
    assert_int_equal(number(d->db, sql_miscounted), 0);
}

/* What an order goes by; "" for the ids alone. */
static const struct {
    enum room_order order;
    const char *column;
} orders[] = {
    {ROOM_ORDER_NAME, "name"},
    {ROOM_ORDER_CANONICAL_ALIAS, "canonical_alias"},
    {ROOM_ORDER_JOINED_MEMBERS, "joined_members"},
    {ROOM_ORDER_JOINED_LOCAL_MEMBERS, "joined_local_members"},
    {ROOM_ORDER_VERSION, "version"},
    {ROOM_ORDER_CREATOR, "creator"},
    {ROOM_ORDER_ENCRYPTION, "encryption"},
    {ROOM_ORDER_FEDERATABLE, "flags & 4 <> 0"},
    {ROOM_ORDER_PUBLIC, "flags & 1 <> 0"},
    {ROOM_ORDER_JOIN_RULES, "join_rules"},
    {ROOM_ORDER_GUEST_ACCESS, "guest_access"},
    {ROOM_ORDER_HISTORY_VISIBILITY, "history_visibility"},
    {ROOM_ORDER_STATE_EVENTS, "state_events"},
};

/* Compares a page with the rows that a plain sort of all gives. */
static void check_page(struct database *d, const struct room_filter *filter, const struct room_page *page,
                       const char *where, const char *column)
{
    const char *direction = page->descending ? "DESC" : "ASC";
    char *sql =
        arena_printf(d->arena,
                     "SELECT room_id FROM mxadmin_rooms WHERE %s ORDER BY %s %s, room_id %s"
                     " LIMIT %lld OFFSET %lld",
                     where, column, direction, direction, (long long)page->limit, (long long)page->from);
    struct listed_room *rooms;
    struct stmt *stmt;
    size_t count, i = 0;
    int64_t total;
    bool row = true;

    assert_int_equal(room_list_page(d->db, filter, page, d->arena, &rooms, &count, &total), ERR_OK);
    assert_int_equal(db_query(d->db, sql, DB_NO_ARGS, &stmt), ERR_OK);
    for (; assert_int_equal(db_step(stmt, &row), ERR_OK), row; i++) {
        assert_true(i < count);
        assert_string_equal(rooms[i].id, db_text(stmt, 0));
    }
    db_done(&stmt);
    assert_int_equal(i, count);
    assert_int_equal(
        number(d->db, arena_printf(d->arena, "SELECT COUNT(*) FROM mxadmin_rooms WHERE %s", where)), total);
}

static void pages_by_every_order(void **state)
{
    static const struct {
        struct room_filter filter;
        const char *where;
    } filters[] = {
        {{0}, "TRUE"},
        {{.is_public = ROOM_FLAG_SET}, "flags & 1 <> 0"},
        {{.is_public = ROOM_FLAG_CLEAR, .empty = ROOM_FLAG_CLEAR}, "flags & 1 = 0 AND joined_members > 0"},
        {{.empty = ROOM_FLAG_SET}, "joined_members = 0"},
        {{.search = "NAME 7"}, "name LIKE '%name 7%'"},
        {{.search = "name 7", .is_public = ROOM_FLAG_SET}, "name LIKE '%name 7%' AND flags & 1 <> 0"},
        {{.search = "Alias_1"}, "canonical_alias LIKE '%alias\\_1%:%' ESCAPE '\\'"},
        {{.search = "!r00100:" SERVER}, "room_id = '!r00100:" SERVER "'"},
        {{.search = "r0010"}, "FALSE"},
        {{.search = SERVER}, "FALSE"},
    };
    static const int64_t froms[] = {0, 1, 500, 1200, 1300};
    struct database *d = *state;

    run(d->db, "UPDATE mxadmin_rooms SET canonical_alias = printf('#alias_%d:" SERVER "', room_nid)"
               " WHERE room_nid % 2");
    for (size_t order = 0; order < sizeof orders / sizeof *orders; order++)
        for (size_t i = 0; i < sizeof filters / sizeof *filters; i++)
            for (size_t from = 0; from < sizeof froms / sizeof *froms; from++) {
                struct room_page page = {.order = orders[order].order, .from = froms[from], .limit = 30};

                check_page(d, &filters[i].filter, &page, filters[i].where, orders[order].column);
                page.descending = true;
                check_page(d, &filters[i].filter, &page, filters[i].where, orders[order].column);
            }
    _Static_assert(sizeof orders / sizeof *orders == ROOM_ORDER__MAX, "every order");
}

/* Each event counts once, however often they are looked at, and what is purged counts no more. */
static void adds_up_sizes(void **state)
{
    static const char add[] =
        "INSERT INTO roomserver_events (room_nid, event_type_nid, event_state_key_nid, depth, event_id)"
        " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000)"
        " SELECT 1 + i % 3, 5, i % 2, 1, '$e' || i || '-' || (SELECT COUNT(*) FROM roomserver_events) FROM n";
    static const char add_json[] =
        "INSERT INTO roomserver_event_json (event_nid, event_json) SELECT event_nid, CAST(printf('%.*c',"
        " 100 * room_nid, 'x') AS BLOB) FROM roomserver_events"
        " WHERE event_nid NOT IN (SELECT event_nid FROM roomserver_event_json)";
    struct database *d = *state;
    struct room_size *sizes;
    size_t count;
    bool over;

    for (int i = 1; i <= 2; i++) {
        run(d->db, add);
        run(d->db, add_json);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(room_sizes_refresh(d->db, INT64_MAX, &over), ERR_OK);
            assert_true(over);
            assert_int_equal(room_sizes_largest(d->db, 2, d->arena, &sizes, &count), ERR_OK);
            assert_int_equal(count, 2);
            assert_string_equal(sizes[0].room_id, "!r00003:" SERVER);
            assert_int_equal(sizes[0].bytes, i * 2000 * (300 * 10 / 4 + 900 + 300 * 15 / 4 + 1700));
            assert_string_equal(sizes[1].room_id, "!r00002:" SERVER);
            assert_int_equal(sizes[1].bytes, i * 2000 * (200 * 10 / 4 + 900 + 200 * 15 / 4 + 1700));
        }
    }
    run(d->db, "UPDATE roomserver_rooms SET latest_event_nids = '[]' WHERE room_nid = 3");
    assert_int_equal(room_list_touch(d->db, "!r00003:" SERVER), ERR_OK);
    assert_int_equal(room_sizes_largest(d->db, 10, d->arena, &sizes, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_room_sizes"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(compares_in_slices, many, database_end),
        cmocka_unit_test_setup_teardown(leaves_what_has_not_changed, listed, database_end),
        cmocka_unit_test_setup_teardown(goes_on_with_what_was_left, listed, database_end),
        cmocka_unit_test_setup_teardown(reads_a_large_room_to_its_end, listed, database_end),
        cmocka_unit_test_setup_teardown(doubts_all_once_a_day, listed, database_end),
        cmocka_unit_test_setup_teardown(reads_all_once_a_day, beside, database_end),
        cmocka_unit_test_setup_teardown(follows_one_room, listed, database_end),
        cmocka_unit_test_setup_teardown(pages_by_every_order, listed, database_end),
        cmocka_unit_test_setup_teardown(adds_up_sizes, listed, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
