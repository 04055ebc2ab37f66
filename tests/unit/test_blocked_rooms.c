/* SPDX-License-Identifier: ISC */
/* Rooms that nobody may come to. */
#include "world.h"

#include "homeserver/blocks.h"
#include "store/blocked_rooms.h"
#include "store/room_aliases.h"

#define LOBBY  "!VaNppTgZjfEEpSW9:" SERVER
#define STRICT "!TA8PPQcZWhWAOXZX:" SERVER
#define FAR    "!far:elsewhere.example"

static const char *blocker(struct world *w, const char *room_id)
{
    const char *user_id = NULL;
    enum err e = blocked_rooms_find(w->d->db, room_id, w->d->arena, &user_id);

    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    return e ? "" : user_id;
}

static void the_first_blocker_stays_noted(void **state)
{
    static const struct {
        const char *by;   /* NULL: blocked no more */
        const char *want; /* "": it is not blocked */
    } rows[] = {
        {NULL, ""}, {"@a:" SERVER, "@a:" SERVER}, {"@b:" SERVER, "@a:" SERVER},
        {NULL, ""}, {"@b:" SERVER, "@b:" SERVER},
    };
    struct world *w = *state;
    bool blocked;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(blocks_set(&w->hs, FAR, rows[i].by), ERR_OK);
        assert_string_equal(blocker(w, FAR), rows[i].want);
        assert_int_equal(blocked_rooms_has(w->d->db, FAR, &blocked), ERR_OK);
        assert_int_equal(blocked, *rows[i].want != '\0');
        assert_string_equal(blocker(w, LOBBY), "");
    }
}

static void nobody_comes_to_a_blocked_room(void **state)
{
    struct world *w = *state;
    const struct profile profile = {.display_name = "Another"};
    struct room *room;

    assert_int_equal(blocks_set(&w->hs, LOBBY, "@admin:" SERVER), ERR_OK);
    assert_int_equal(homeserver_leave(&w->hs, "user09", LOBBY), ERR_OK);
    assert_int_equal(homeserver_join(&w->hs, "user09", LOBBY), ERR_DENIED);
    assert_string_equal(w->hs.reason, "This room has been blocked on this server");
    assert_int_equal(homeserver_join(&w->hs, "user12", LOBBY), ERR_OK); /* is in it */
    room = open_room(w, LOBBY);
    assert_int_equal(room_invite(room, "@user06:" SERVER, "@user09:" SERVER, NULL), ERR_DENIED);
    assert_int_equal(room_join(room, "@user12:" SERVER, &profile), ERR_OK);
    close_room(w, room);
    assert_int_equal(blocks_set(&w->hs, LOBBY, NULL), ERR_OK);
    assert_int_equal(homeserver_join(&w->hs, "user09", LOBBY), ERR_OK);
}

/* Who has come, and how many. */
struct arrivals {
    char last[ID_SIZE];
    int count;
    int room_names; /* those of another room than the lobby */
};

static enum err count_arrival(const struct arrival *arrival, void *context)
{
    struct arrivals *arrivals = context;

    snprintf(arrivals->last, sizeof arrivals->last, "%s", arrival->user_id);
    arrivals->count++;
    arrivals->room_names += strcmp(arrival->room_id, LOBBY) != 0;
    return ERR_OK;
}

static struct arrivals look(struct world *w, int64_t after)
{
    const struct stream_place place = {after, after}, until = {INT64_MAX, INT64_MAX};
    struct arrivals arrivals = {0};

    assert_int_equal(blocked_rooms_arrivals(w->d->db, &place, &until, count_arrival, &arrivals), ERR_OK);
    return arrivals;
}

static void add(struct world *w, const char *room_id, int64_t event_nid)
{
    const struct blocked_room room = {.room_id = room_id, .user_id = "@a:" SERVER, .event_nid = event_nid};

    assert_int_equal(blocked_rooms_add(w->d->db, &room), ERR_OK);
}

static void who_came_after_the_block_is_found(void **state)
{
    struct world *w = *state;
    int64_t last = number(w->d->db, "SELECT MAX(event_nid) FROM roomserver_events");
    int64_t place = number(w->d->db, "SELECT MAX(id) FROM syncapi_output_room_events");

    assert_int_equal(look(w, 0).count, 0);
    add(w, LOBBY, last);
    add(w, FAR, 0);
    assert_int_equal(look(w, 0).count, 0);
    assert_int_equal(homeserver_leave(&w->hs, "user09", LOBBY), ERR_OK);
    assert_int_equal(look(w, 0).count, 0);
    run(w->d->db, "UPDATE mxadmin_blocked_rooms SET room_id = 'x' || room_id WHERE room_id = '" LOBBY "'");
    assert_int_equal(homeserver_join(&w->hs, "user09", LOBBY), ERR_OK);
    run(w->d->db, "UPDATE mxadmin_blocked_rooms SET room_id = '" LOBBY "' WHERE room_id = 'x" LOBBY "'");
    assert_int_equal(look(w, 0).count, 1);
    assert_string_equal(look(w, 0).last, "@user09:" SERVER);
    assert_int_equal(look(w, place).count, 1);
    assert_int_equal(look(w, place + 2).count, 0);
    /* Of a block from the beginning, all who have come are, and no others. */
    run(w->d->db, "UPDATE mxadmin_blocked_rooms SET event_nid = 0");
    assert_int_equal(look(w, 0).count,
                     number(w->d->db,
                            "SELECT COUNT(*) FROM syncapi_output_room_events WHERE room_id = '" LOBBY
                            "' AND json_extract(CAST(headered_event_json AS TEXT),"
                            " '$.content.membership') IN ('join', 'invite', 'knock')") +
                         number(w->d->db, "SELECT COUNT(*) FROM syncapi_invite_events WHERE room_id = '" LOBBY
                                          "' AND NOT deleted"));
    assert_int_equal(look(w, 0).room_names, 0);
}

static void the_first_block_is_known(void **state)
{
    struct world *w = *state;
    struct stream_place place;
    bool any;

    assert_int_equal(blocked_rooms_first(w->d->db, &place, &any), ERR_OK);
    assert_false(any);
    run(w->d->db,
        "INSERT INTO mxadmin_blocked_rooms (room_id, user_id, blocked_ts, event_nid, event_position,"
        " invite_position) VALUES ('!a', '@a', 1, 9, 70, 5), ('!b', '@a', 1, 9, 60, 6)");
    assert_int_equal(blocked_rooms_first(w->d->db, &place, &any), ERR_OK);
    assert_true(any);
    assert_int_equal(place.events, 60);
    assert_int_equal(place.invites, 5);
}

static void aliases_move_from_one_room(void **state)
{
    static const struct {
        const char *alias, *from, *want;
    } rows[] = {
        {"#a:" SERVER, LOBBY, STRICT}, /* leads there */
        {"#a:" SERVER, LOBBY, STRICT}, /* again */
        {"#b:" SERVER, LOBBY, FAR},    /* leads elsewhere */
        {"#c:" SERVER, LOBBY, STRICT}, /* leads nowhere */
    };
    struct world *w = *state;

    run(w->d->db, "INSERT INTO roomserver_room_aliases (alias, room_id, creator_id) VALUES"
                  " ('#a:" SERVER "', '" LOBBY "', '@a'), ('#b:" SERVER "', '" FAR "', '@a')");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *room_id, *creator;

        assert_int_equal(room_aliases_move(w->d->db, rows[i].alias, rows[i].from, STRICT, "@z"), ERR_OK);
        assert_int_equal(room_aliases_find(w->d->db, rows[i].alias, w->d->arena, &room_id, &creator), ERR_OK);
        assert_string_equal(room_id, rows[i].want);
        assert_string_equal(creator, strcmp(room_id, STRICT) == 0 ? "@z" : "@a");
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, world_of_dendrite_active, world_end)

/* One in which who was deactivated acts as well. */
static int world_of_dendrite_active(void **state)
{
    struct world *w;

    world_of_dendrite(state);
    w = *state;
    run(w->d->db, "UPDATE userapi_accounts SET is_deactivated = 0");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_blocker_stays_noted),     TEST(nobody_comes_to_a_blocked_room),
        TEST(who_came_after_the_block_is_found), TEST(the_first_block_is_known),
        TEST(aliases_move_from_one_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
