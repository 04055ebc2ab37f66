/* SPDX-License-Identifier: ISC */
#include "alloc.h"
#include "world.h"

#include "store/memberships.h"

#define LOBBY  "!VaNppTgZjfEEpSW9:" SERVER
#define STAFF  "!jDGqmoLRC06s6WLY:" SERVER
#define DM     "!2HzDK8pg0MiXfWQM:" SERVER
#define STRICT "!TA8PPQcZWhWAOXZX:" SERVER
#define NOTICE "!ZqDCNU7H1TbQdYwY:" SERVER

/* Ids, one after another with a space between. */
static const char *joined_up(struct world *w, const struct id_list *list)
{
    const char *all = "";

    for (size_t i = 0; i < list->count; i++)
        all = arena_printf(w->d->arena, "%s%s%s", all, i ? " " : "", list->ids[i]);
    return all;
}

/* All that evacuations change, as one number. */
static int64_t fingerprint(struct world *w)
{
    return number(
        w->d->db,
        "SELECT (SELECT COUNT(*) FROM roomserver_events) * 1000000"
        " + (SELECT COUNT(*) FROM syncapi_output_room_events) * 10000"
        " + (SELECT SUM(membership_nid) FROM roomserver_membership)"
        " + (SELECT SUM(stream_id) FROM syncapi_stream_id) * 100000000"
        " + (SELECT SUM(LENGTH(latest_event_nids)) FROM roomserver_rooms)"
        " + (SELECT COUNT(*) FROM roomserver_state_snapshots) + (SELECT COUNT(*) FROM roomserver_invites"
        " WHERE retired)");
}

struct row {
    const char *target; /* a room id or a localpart */
    const char *affected;
    enum err err;
};

/* Foresees, does, and does again. */
static void check_rows(struct world *w, const struct row *rows, size_t count,
                       enum err (*evacuate)(struct homeserver *, const char *, bool, struct arena *,
                                            struct id_list *))
{
    for (size_t i = 0; i < count; i++) {
        int64_t before = fingerprint(w);
        struct id_list affected;

        assert_int_equal(evacuate(&w->hs, rows[i].target, true, w->d->arena, &affected), rows[i].err);
        assert_int_equal(fingerprint(w), before);
        if (!rows[i].err)
            assert_string_equal(joined_up(w, &affected), rows[i].affected);
        assert_int_equal(evacuate(&w->hs, rows[i].target, false, w->d->arena, &affected), rows[i].err);
        if (!rows[i].err)
            assert_string_equal(joined_up(w, &affected), rows[i].affected);
        before = fingerprint(w);
        assert_int_equal(evacuate(&w->hs, rows[i].target, false, w->d->arena, &affected), rows[i].err);
        assert_int_equal(affected.count, 0);
        assert_int_equal(fingerprint(w), before);
    }
}

static void rooms_are_evacuated(void **state)
{
    static const struct row rows[] = {
        {STRICT, "@user09:" SERVER " @user12:" SERVER, ERR_OK}, /* not who was banned, not who was kicked */
        {STAFF, "@user01:" SERVER " @user02:" SERVER " @user03:" SERVER, ERR_OK}, /* not who is invited */
        {"!C2FStgDZDif6DRxR:" SERVER, "", ERR_OK},                                /* nobody is left */
        {"!RgmP5YoUtC9tVNAj:" SERVER, "@user07:" SERVER, ERR_OK},                 /* version 11 */
        {NOTICE, "@_server:" SERVER, ERR_OK},
        {"!none:" SERVER, "", ERR_NOT_FOUND},
        {"#lobby:" SERVER, "", ERR_NOT_FOUND},
        {"", "", ERR_NOT_FOUND},
    };

    check_rows(*state, rows, sizeof rows / sizeof *rows, homeserver_evacuate_room);
    assert_int_equal(number(((struct world *)*state)->d->db,
                            "SELECT COUNT(*) FROM roomserver_rooms WHERE latest_event_nids LIKE '%,%'"),
                     0);
}

static void users_are_evacuated(void **state)
{
    static const struct row rows[] = {
        {"user05", LOBBY " " DM, ERR_OK},
        {"user04", LOBBY " " STAFF, ERR_OK},            /* joined, and invited */
        {"user02", LOBBY " " STAFF " " NOTICE, ERR_OK}, /* an admin can reject what the user cannot */
        {"user29", LOBBY, ERR_OK},                      /* who is deactivated */
        {"admin", "", ERR_OK},                          /* who has never been in a room */
        {"nobody", "", ERR_NOT_FOUND},
    };
    struct world *w = *state;

    check_rows(w, rows, sizeof rows / sizeof *rows, homeserver_evacuate_user);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_invites WHERE NOT retired"), 0);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_invite_events WHERE NOT deleted"), 0);
}

/* What is cut off while a user leaves the rooms is finished by the runner; who is in none is done with. */
static void who_is_deactivated_leaves_in_a_job(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 2; i++) {
        assert_int_equal(homeserver_deactivate(&w->hs, "user05"), ERR_OK);
        assert_string_equal(text(w, "SELECT kind || ' ' || target || ' ' || status FROM mxadmin_jobs"),
                            "deactivate user05 complete");
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 1);
        assert_int_equal(
            number(w->d->db, "SELECT is_deactivated FROM userapi_accounts WHERE localpart = 'user05'"), 1);
    }
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_current_room_state WHERE state_key ="
                                      " '@user05:" SERVER "' AND membership IN ('join', 'invite')"),
                     0);
    assert_int_equal(homeserver_deactivate(&w->hs, "admin"), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM mxadmin_jobs"), 1);
}

/* The state that a name and an avatar are kept in. */
static void members_who_leave_stay_known_by_name(void **state)
{
    struct world *w = *state;
    struct id_list affected;

    assert_int_equal(homeserver_evacuate_room(&w->hs, LOBBY, false, w->d->arena, &affected), ERR_OK);
    assert_int_equal(affected.count, 30);
    assert_string_equal(affected.ids[29], "@user00:" SERVER); /* the last who joined: as another profile */
    assert_string_equal(text(w, "SELECT json_extract(CAST(headered_event_json AS TEXT), '$.content')"
                                " FROM syncapi_current_room_state WHERE state_key = '@user00:" SERVER
                                "' AND room_id = '" LOBBY "'"),
                        "{\"avatar_url\":\"mxc://example.org/"
                        "f07cef4ae2ae3b8bbe4162d2a7e733267af2e9a3200a8a2280de43194b03d86f\","
                        "\"displayname\":\"User Number 0\",\"membership\":\"leave\"}");
}

static void knocks_are_taken_back_and_others_stay(void **state)
{
    static const char room_id[] = "!knocks:" SERVER;
    static const struct row users[] = {{"alice", "!knocks:" SERVER, ERR_OK}};
    static const struct row rooms[] = {{"!knocks:" SERVER, "@creator:" SERVER, ERR_OK}};
    json_t *rule = json_pack("{s:s}", "join_rule", "knock"),
           *knock = json_pack("{s:s}", "membership", "knock");
    const struct new_event events[] = {
        {.sender = "@creator:" SERVER, .type = "m.room.join_rules", .state_key = "", .content = rule},
        {.sender = "@alice:" SERVER,
         .type = "m.room.member",
         .state_key = "@alice:" SERVER,
         .content = knock},
    };
    static const char *const far[] = {"@far:other.org"};
    struct world *w = *state;
    char id[ID_SIZE];
    struct room *room;

    add_account(w, "alice");
    make_room(w, room_id, "10", "@creator:" SERVER, far, 1);
    room = open_room(w, room_id);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(room_append(room, &events[i], id), ERR_OK);
    close_room(w, room);
    check_rows(w, users, 1, homeserver_evacuate_user);
    check_rows(w, rooms, 1, homeserver_evacuate_room);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_membership WHERE membership_nid = 3"),
                     1);
    json_decref(rule);
    json_decref(knock);
}

/* An invitation by another server to a room of which nothing else is known. */
static void foreign_invitations_are_forgotten(void **state)
{
    static const struct row rows[] = {{"admin", "!far:other.org", ERR_OK}};
    struct world *w = *state;

    run(w->d->db,
        "INSERT INTO roomserver_rooms (room_nid, room_id, room_version) VALUES (50, '!far:other.org', '10')");
    run(w->d->db, "INSERT INTO roomserver_event_state_keys VALUES (60, '@admin:" SERVER "')");
    run(w->d->db, "INSERT INTO roomserver_membership VALUES (50, 60, 61, 2, 0, 1, 0)");
    run(w->d->db, "INSERT INTO roomserver_invites VALUES ('$far', 50, 60, 61, FALSE, '{}')");
    run(w->d->db, "INSERT INTO syncapi_invite_events VALUES (90, '$far', '!far:other.org', '@admin:" SERVER
                  "', '{}', FALSE)");
    check_rows(w, rows, 1, homeserver_evacuate_user);
    assert_int_equal(number(w->d->db, "SELECT retired FROM roomserver_invites WHERE room_nid = 50"), 1);
    assert_int_equal(number(w->d->db, "SELECT deleted FROM syncapi_invite_events WHERE event_id = '$far'"),
                     1);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_membership WHERE room_nid = 50"), 0);
}

/* A room that cannot be written keeps nobody from leaving the others. */
static void rooms_of_unknown_versions_are_left_out(void **state)
{
    static const struct row users[] = {{"user06", DM, ERR_OK}};
    static const struct row rooms[] = {{LOBBY, "", ERR_INVALID}};
    struct world *w = *state;

    run(w->d->db, "UPDATE roomserver_rooms SET room_version = '12' WHERE room_nid = 1");
    check_rows(w, rooms, 1, homeserver_evacuate_room);
    assert_int_equal(
        homeserver_evacuate_user(&w->hs, users[0].target, false, w->d->arena, &(struct id_list){0}), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT membership_nid FROM roomserver_membership"
                                      " WHERE room_nid = 3 AND target_nid = 8"),
                     MEMBERSHIP_LEAVE);
}

/* And no room or user is said to be missing. */
static void without_a_key_nothing_is_done(void **state)
{
    struct world *w = *state;
    int64_t before = fingerprint(w);
    struct id_list affected;

    strcpy(w->key, "/nonexistent/key");
    assert_int_equal(homeserver_evacuate_room(&w->hs, LOBBY, false, w->d->arena, &affected), ERR_IO);
    assert_non_null(strstr(w->hs.reason, "key"));
    assert_int_equal(homeserver_evacuate_user(&w->hs, "user05", false, w->d->arena, &affected), ERR_IO);
    assert_int_equal(fingerprint(w), before);
}

/* Puts back the database as `copy` has it. */
static void restore(struct world *w, const char *copy)
{
    db_close(&w->d->db);
    shell("cp %s %s", copy, w->d->path);
    assert_int_equal(db_open(&w->d->db, w->d->path), ERR_OK);
    w->hs.db = w->d->db;
}

/* Wherever memory ends, the act is done wholly or not at all. */
static void memory_may_end_anywhere(void **state)
{
    static const char expected[] = "@user09:" SERVER " @user12:" SERVER;
    struct world *w = *state;
    int64_t before = fingerprint(w);
    char copy[128];
    int failures = 0;
    bool failed = true;

    snprintf(copy, sizeof copy, "%s/copy.db", w->d->folder);
    run(w->d->db, "PRAGMA wal_checkpoint(TRUNCATE)");
    shell("cp %s %s", w->d->path, copy);
    for (int n = 1; failed; n += 1 + n / 16) {
        struct id_list affected;
        enum err e;

        alloc_fail(n);
        e = homeserver_evacuate_room(&w->hs, STRICT, false, w->d->arena, &affected);
        failed = alloc_failed();
        if (e) { /* jansson and OpenSSL do not always say that it was memory */
            failures++;
            assert_int_equal(fingerprint(w), before);
        } else {
            assert_string_equal(joined_up(w, &affected), expected);
            restore(w, copy); /* what failed was not needed */
        }
        arena_reset(w->d->arena);
    }
    assert_true(failures > 50);
}

#define FRESH(test)   cmocka_unit_test_setup_teardown(test, world_new, world_end)
#define FIXTURE(test) cmocka_unit_test_setup_teardown(test, world_of_dendrite, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE(rooms_are_evacuated),
        FIXTURE(users_are_evacuated),
        FIXTURE(who_is_deactivated_leaves_in_a_job),
        FIXTURE(members_who_leave_stay_known_by_name),
        FRESH(knocks_are_taken_back_and_others_stay),
        FIXTURE(foreign_invitations_are_forgotten),
        FIXTURE(rooms_of_unknown_versions_are_left_out),
        FIXTURE(without_a_key_nothing_is_done),
        FIXTURE(memory_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
