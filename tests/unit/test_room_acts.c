/* SPDX-License-Identifier: ISC */
/* Standalone: who is let into a room, and who is given power there. */
#include "world.h"

#define ROOM    "!room:" SERVER
#define CREATOR "@creator:" SERVER
#define ALICE   "@alice:" SERVER
#define BOB     "@bob:" SERVER
#define FAR     "@far:other.org"

static enum err send(struct room *room, const char *sender, const char *type, const char *state_key,
                     json_t *content)
{
    char id[ID_SIZE];
    enum err e = room_append(
        room, &(struct new_event){.sender = sender, .type = type, .state_key = state_key, .content = content},
        id);

    json_decref(content);
    return e;
}

/* A room of the creator with this join rule, where alice is joined and bob has the membership given. */
static void make(struct world *w, const char *version, const char *rule, const char *membership)
{
    static const char *const people[] = {ALICE, BOB};
    struct room *room;

    if (number(w->d->db, "SELECT COUNT(*) FROM userapi_accounts") == 0) {
        add_account(w, "creator");
        add_account(w, "alice");
        add_account(w, "bob");
    }
    make_room(w, ROOM, version, CREATOR, people, 2);
    room = open_room(w, ROOM);
    if (strcmp(rule, "public") != 0)
        assert_int_equal(send(room, CREATOR, "m.room.join_rules", "", json_pack("{s:s}", "join_rule", rule)),
                         ERR_OK);
    if (strcmp(membership, "join") != 0)
        assert_int_equal(room_leave(room, BOB), ERR_OK);
    if (strcmp(membership, "leave") != 0 && strcmp(membership, "join") != 0)
        assert_int_equal(send(room, strcmp(membership, "knock") == 0 ? BOB : CREATOR, "m.room.member", BOB,
                              json_pack("{s:s}", "membership", membership)),
                         ERR_OK);
    close_room(w, room);
}

static void forget(struct world *w)
{
    static const char *const statements[] = {
        "DELETE FROM roomserver_events",
        "DELETE FROM roomserver_event_json",
        "DELETE FROM roomserver_previous_events",
        "DELETE FROM roomserver_rooms",
        "DELETE FROM roomserver_membership",
        "DELETE FROM roomserver_state_snapshots",
        "DELETE FROM roomserver_state_block",
        "DELETE FROM syncapi_current_room_state",
        "DELETE FROM roomserver_invites",
        "DELETE FROM syncapi_output_room_events",
        "DELETE FROM syncapi_output_room_events_topology",
        "DELETE FROM syncapi_memberships",
        "DELETE FROM syncapi_invite_events",
    };

    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        run(w->d->db, statements[i]);
}

static const char *bob_is(struct world *w)
{
    return text(w, "SELECT membership FROM syncapi_current_room_state WHERE type = 'm.room.member'"
                   " AND state_key = '" BOB "'");
}

static int64_t events(struct world *w)
{
    return number(w->d->db, "SELECT COUNT(*) FROM roomserver_events");
}

static enum err add_member(struct world *w, const char *localpart, const char *room_id, const char *inviter)
{
    const struct new_member member = {.localpart = localpart, .room_id = room_id, .inviter = inviter};
    const char *joined = NULL;
    enum err e = homeserver_add_member(&w->hs, &member, w->d->arena, &joined);

    assert_string_equal(joined, room_id);
    return e;
}

/* Who is let in by whom, and how many events that takes. */
static void members_are_added(void **state)
{
    static const struct {
        const char *version, *rule, *membership, *inviter;
        enum err err;
        int events;
    } rows[] = {
        {"10", "public", "leave", "alice", ERR_OK, 1},
        {"10", "public", "join", "alice", ERR_OK, 0},
        {"10", "public", "ban", "creator", ERR_DENIED, 0},
        {"10", "invite", "leave", "alice", ERR_OK, 2},
        {"10", "invite", "leave", "bob", ERR_DENIED, 0},
        {"10", "invite", "leave", "nobody", ERR_NOT_FOUND, 0},
        {"10", "invite", "invite", "bob", ERR_OK, 1}, /* who has an invitation needs nobody's */
        {"10", "invite", "join", "bob", ERR_OK, 0},
        {"10", "invite", "ban", "creator", ERR_DENIED, 0},
        {"10", "knock", "leave", "alice", ERR_OK, 2},
        {"10", "knock", "knock", "alice", ERR_OK, 2},
        {"10", "private", "leave", "alice", ERR_DENIED, 0}, /* lets nobody in */
        {"10", "restricted", "leave", "creator", ERR_OK, 2},
        {"10", "knock_restricted", "knock", "creator", ERR_OK, 2},
        {"11", "restricted", "leave", "alice", ERR_OK, 2},
        {"6", "restricted", "leave", "creator", ERR_DENIED, 0}, /* of no meaning there */
        {"1", "invite", "leave", "alice", ERR_OK, 2},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t before;

        forget(w);
        make(w, rows[i].version, rows[i].rule, rows[i].membership);
        before = events(w);
        w->hs.reason = NULL;
        assert_int_equal(add_member(w, "bob", ROOM, rows[i].inviter), rows[i].err);
        assert_int_equal(events(w) - before, rows[i].events);
        assert_string_equal(bob_is(w), rows[i].err ? rows[i].membership : "join");
    }
    assert_int_equal(add_member(w, "bob", "!none:" SERVER, "alice"), ERR_NOT_FOUND);
    assert_int_equal(add_member(w, "nobody", ROOM, "alice"), ERR_NOT_FOUND);
}

static void set_levels(struct world *w, const char *users)
{
    struct room *room = open_room(w, ROOM);
    json_t *content = json_loads(users, 0, NULL);

    assert_int_equal(send(room, CREATOR, "m.room.power_levels", "", content), ERR_OK);
    close_room(w, room);
}

/* The level that the room's last power levels give bob. */
static int64_t bobs_level(struct world *w)
{
    return number(w->d->db, "SELECT json_extract(CAST(headered_event_json AS TEXT), '$.content.users.\"" BOB
                            "\"') FROM syncapi_current_room_state WHERE type = 'm.room.power_levels'");
}

#define LEVELS(rest) "{\"users\": {\"" CREATOR "\": 100" rest
#define NOBODY       "No local admin user in room"
#define POWERLESS    "No local admin user in room with power to update power levels."

static void power_is_granted(void **state)
{
    static const struct {
        const char *rule, *membership, *levels;
        bool creator_leaves;
        enum err err;
        const char *reason;
        int events;
        int64_t level;
        const char *then; /* bob's membership */
    } rows[] = {
        {"public", "join", LEVELS("}}"), false, ERR_OK, NULL, 1, 100, "join"},
        {"public", "leave", LEVELS("}}"), false, ERR_OK, NULL, 1, 100, "leave"},
        {"invite", "leave", LEVELS("}}"), false, ERR_OK, NULL, 2, 100, "invite"},
        {"invite", "invite", LEVELS("}}"), false, ERR_OK, NULL, 1, 100, "invite"},
        {"knock", "knock", LEVELS("}}"), false, ERR_OK, NULL, 2, 100, "invite"},
        {"invite", "ban", LEVELS("}}"), false, ERR_DENIED, "The user is banned from this room", 0, 0, "ban"},
        {"public", "join", LEVELS(", \"" BOB "\": 100}}"), false, ERR_OK, NULL, 0, 100, "join"},
        {"invite", "leave", LEVELS(", \"" BOB "\": 100}}"), false, ERR_OK, NULL, 1, 100, "invite"},
        /* The next after the one who left. */
        {"public", "join",
         LEVELS(", \"" ALICE "\": 60, \"" FAR "\": 90}, \"events\": {\"m.room.power_levels\": 60}}"), true,
         ERR_OK, NULL, 1, 60, "join"},
        {"public", "join", LEVELS(", \"" ALICE "\": 40}}"), true, ERR_INVALID, POWERLESS, 0, 0, "join"},
        {"public", "join", LEVELS(", \"" FAR "\": 100}}"), true, ERR_INVALID, NOBODY, 0, 0, "join"},
        {"invite", "leave",
         LEVELS(", \"" ALICE "\": 60}, \"invite\": 70, \"events\": {\"m.room.power_levels\": 50}}"), true,
         ERR_DENIED, "No local admin user in room with power to invite", 0, 0, "leave"},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t before;
        struct room *room;

        forget(w);
        make(w, i % 2 ? "10" : "11", rows[i].rule, rows[i].membership);
        set_levels(w, rows[i].levels);
        room = open_room(w, ROOM);
        if (rows[i].creator_leaves)
            assert_int_equal(room_leave(room, CREATOR), ERR_OK);
        close_room(w, room);
        before = events(w);
        w->hs.reason = NULL;
        assert_int_equal(homeserver_make_admin(&w->hs, ROOM, BOB), rows[i].err);
        if (rows[i].err)
            assert_string_equal(w->hs.reason, rows[i].reason);
        else
            assert_int_equal(bobs_level(w), rows[i].level);
        assert_int_equal(events(w) - before, rows[i].events);
        assert_string_equal(bob_is(w), rows[i].then);
    }
}

static void a_room_that_nobody_of_ours_is_in_is_none_of_ours(void **state)
{
    struct world *w = *state;
    struct id_list affected;

    make(w, "10", "public", "join");
    assert_int_equal(homeserver_make_admin(&w->hs, "!none:" SERVER, BOB), ERR_NOT_FOUND);
    assert_int_equal(homeserver_evacuate_room(&w->hs, ROOM, false, w->d->arena, &affected), ERR_OK);
    assert_int_equal(homeserver_make_admin(&w->hs, ROOM, BOB), ERR_INVALID);
    assert_string_equal(w->hs.reason, "Server not in room");
}

/* Without m.room.power_levels the creator has the power, and keeps it. */
static void a_creator_without_power_levels_stays_one(void **state)
{
    struct world *w = *state;
    struct room *room = NULL;

    add_account(w, "bob");
    assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK);
    assert_int_equal(room_begin(&room, &w->writer, ROOM, "11"), ERR_OK);
    assert_int_equal(send(room, CREATOR, "m.room.create", "", json_pack("{s:s}", "room_version", "11")),
                     ERR_OK);
    assert_int_equal(room_join(room, CREATOR, &(struct profile){0}), ERR_OK);
    close_room(w, room);
    assert_int_equal(homeserver_make_admin(&w->hs, ROOM, BOB), ERR_OK);
    assert_int_equal(bobs_level(w), 100);
    assert_string_equal(bob_is(w), "invite");
    room = open_room(w, ROOM);
    assert_int_equal(send(room, CREATOR, "m.room.name", "", json_pack("{s:s}", "name", "x")), ERR_OK);
    close_room(w, room);
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_new, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(members_are_added),
        ALONE(power_is_granted),
        ALONE(a_room_that_nobody_of_ours_is_in_is_none_of_ours),
        ALONE(a_creator_without_power_levels_stays_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
