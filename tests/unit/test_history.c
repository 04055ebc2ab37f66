/* SPDX-License-Identifier: ISC */
/* Old events of a room go, and what is said of those that stay is still right. */
#include "world.h"

#include "store/history.h"

#define ROOM    "!room:" SERVER
#define CREATOR "@creator:" SERVER
#define ALICE   "@alice:" SERVER
#define FAR     "@far:example.com"

static const char *const people[] = {ALICE};

/* A room in which Alice says something once a second. */
static int begin(void **state)
{
    struct world *w;

    world_new(state);
    w = *state;
    make_room(w, ROOM, "10", CREATOR, people, 1);
    return 0;
}

static const char *say(struct world *w, const char *sender, int64_t ts)
{
    struct new_event event = {
        .sender = sender, .type = "m.room.message", .content = json_pack("{s:s}", "body", "once")};
    char id[ID_SIZE];
    struct room *room;

    w->writer.now_ms = ts;
    room = open_room(w, ROOM);
    assert_int_equal(room_append(room, &event, id), ERR_OK);
    close_room(w, room);
    json_decref(event.content);
    return arena_strdup(w->d->arena, id);
}

static int64_t depth_of(struct world *w, const char *event_id)
{
    struct history_point point;

    assert_int_equal(history_find(w->d->db, event_id, w->d->arena, &point), ERR_OK);
    assert_string_equal(point.room_id, ROOM);
    return point.depth;
}

/* Purges up to an event; what was removed. */
static int64_t purge(struct world *w, const char *event_id, bool local_too)
{
    struct history_purge purge = {
        .room_id = ROOM, .depth = depth_of(w, event_id), .local_too = local_too, .cursor = ""};

    while (!purge.done)
        assert_int_equal(homeserver_purge_history(&w->hs, &purge, w->d->arena), ERR_OK);
    return purge.removed;
}

#define MESSAGES "SELECT COUNT(*) FROM roomserver_events WHERE event_state_key_nid = 0"

static void state_and_what_is_not_older_stays(void **state)
{
    struct world *w = *state;
    int64_t states = number(w->d->db, "SELECT COUNT(*) FROM roomserver_events"), depth = 0;
    const char *point;

    for (int i = 0; i < 5; i++)
        say(w, ALICE, 5000);
    point = say(w, ALICE, 6000);
    say(w, ALICE, 7000);
    assert_int_equal(history_purged_depth(w->d->db, ROOM, &depth), ERR_OK);
    assert_int_equal(depth, 0);
    assert_int_equal(purge(w, point, true), 5);
    assert_int_equal(number(w->d->db, MESSAGES), 2);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events"), states + 2);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_event_json"), states + 2);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_output_room_events"), states + 2);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM syncapi_output_room_events_topology"),
                     states + 2);
    assert_int_equal(history_purged_depth(w->d->db, ROOM, &depth), ERR_OK);
    assert_int_equal(depth, depth_of(w, point));
    /* Again, there is nothing. */
    assert_int_equal(purge(w, point, true), 0);
}

static void the_newest_message_stays(void **state)
{
    struct world *w = *state;
    struct room *room;
    const char *leave;

    say(w, ALICE, 5000);
    say(w, ALICE, 5000);
    room = open_room(w, ROOM);
    assert_int_equal(room_leave(room, ALICE), ERR_OK);
    close_room(w, room);
    leave = text(w, "SELECT event_id FROM roomserver_events ORDER BY event_nid DESC LIMIT 1");
    assert_int_equal(purge(w, leave, true), 1);
    assert_int_equal(number(w->d->db, MESSAGES), 1);
}

static void what_local_users_sent_stays(void **state)
{
    struct world *w = *state;
    struct room *room = open_room(w, ROOM);
    const char *point;

    assert_int_equal(room_join(room, FAR, &(struct profile){0}), ERR_OK);
    close_room(w, room);
    say(w, FAR, 5000);
    say(w, ALICE, 5000);
    say(w, FAR, 5000);
    point = say(w, ALICE, 6000);
    assert_int_equal(purge(w, point, false), 2);
    assert_int_equal(purge(w, point, true), 1);
}

/* Wherever it is cut off and begun again, each event goes once. */
static void it_goes_on_from_everywhere(void **state)
{
    struct world *w = *state;
    const char *point = NULL;
    int64_t first = number(w->d->db, "SELECT MAX(event_nid) FROM roomserver_events"), last;

    for (int i = 0; i < 20; i++)
        point = say(w, ALICE, 5000);
    last = number(w->d->db, "SELECT MAX(event_nid) FROM roomserver_events");
    for (int64_t after = last; after >= first; after--) {
        struct history_purge purge = {.room_id = ROOM,
                                      .depth = depth_of(w, point),
                                      .local_too = true,
                                      .cursor = arena_printf(w->d->arena, "%lld", (long long)after)};

        while (!purge.done)
            assert_int_equal(homeserver_purge_history(&w->hs, &purge, w->d->arena), ERR_OK);
        assert_int_equal(purge.removed, after + 1 < last ? 1 : 0);
    }
    assert_int_equal(number(w->d->db, MESSAGES), 1);
}

/* The lists of followers: as we write them, and as Dendrite does with "1" in the place of others. */
static void an_event_leaves_the_lists(void **state)
{
    static const struct {
        const char *before, *after; /* NID is the event that goes; NULL: the row has gone */
        bool there;                 /* the event that was followed */
    } rows[] = {
        {"NID", "", true},
        {"NID", NULL, false},
        {"NID,77", "77", true},
        {"77,NID", "77", false},
        {"76,NID,77", "76,77", true},
        {"1,NID", "1,1", true},
        {"1,NID,77", "1,77", true},
        {"NID7,7NID", "NID7,7NID", true},
    };
    static const char set[] = "UPDATE roomserver_previous_events SET event_nids = REPLACE(?1, 'NID', ?2)"
                              " WHERE previous_event_id = ?3";
    static const char get[] = "SELECT REPLACE(event_nids, ?1, 'NID') FROM roomserver_previous_events"
                              " WHERE previous_event_id = ?2";
    struct world *w = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *followed = say(w, ALICE, 5000), *id = say(w, ALICE, 5000), *list = NULL;
        const char *nid = text(w, "SELECT CAST(MAX(event_nid) AS TEXT) FROM roomserver_events");
        const struct old_event event = {.nid = strtoll(nid, NULL, 10), .id = id};
        enum err e;

        assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK);
        assert_int_equal(
            db_run(w->d->db, set, DB_ARGS(DB_T(rows[i].before), DB_T(nid), DB_T(followed)), NULL), ERR_OK);
        if (!rows[i].there)
            assert_int_equal(db_run(w->d->db, "DELETE FROM roomserver_events WHERE event_id = ?1",
                                    DB_ARGS(DB_T(followed)), NULL),
                             ERR_OK);
        assert_int_equal(history_remove(w->d->db, ROOM, &event), ERR_OK);
        e = db_string(w->d->db, get, DB_ARGS(DB_T(nid), DB_T(followed)), w->d->arena, &list);
        assert_int_equal(e, rows[i].after ? ERR_OK : ERR_NOT_FOUND);
        if (rows[i].after)
            assert_string_equal(list, rows[i].after);
        assert_int_equal(db_end(w->d->db, ERR_DENIED), ERR_DENIED); /* the next one finds the room whole */
    }
}

#define FIRST INT64_C(4000000000000) /* after all that makes the room */

/* How often the event is shown: once, or not any more. */
static int64_t shown(struct world *w, const char *event_id)
{
    int64_t count = 0;

    assert_int_equal(db_integer(w->d->db,
                                "SELECT COUNT(*) FROM syncapi_output_room_events WHERE event_id = ?1",
                                DB_ARGS(DB_T(event_id)), &count),
                     ERR_OK);
    return count;
}

/* Also where positions are missing. */
static void a_time_is_found(void **state)
{
    struct world *w = *state;
    struct history_point point;
    const char *ids[9];

    for (int i = 0; i < 9; i++)
        ids[i] = say(w, ALICE, FIRST + i * 1000);
    run(w->d->db, "DELETE FROM syncapi_output_room_events WHERE id % 3 = 0 AND sender = '" ALICE "'");
    for (int i = 0, last = -1; i < 9; i++) {
        last = shown(w, ids[i]) ? i : last;
        assert_int_equal(history_find_before(w->d->db, ROOM, FIRST + i * 1000 + 1, w->d->arena, &point),
                         ERR_OK);
        if (last >= 0)
            assert_string_equal(point.event_id, ids[last]);
    }
    assert_int_equal(history_find_before(w->d->db, ROOM, 1, w->d->arena, &point), ERR_NOT_FOUND);
    assert_int_equal(history_find_before(w->d->db, "!none:" SERVER, INT64_MAX, w->d->arena, &point),
                     ERR_NOT_FOUND);
    assert_int_equal(history_find(w->d->db, "$none", w->d->arena, &point), ERR_NOT_FOUND);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, begin, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(state_and_what_is_not_older_stays), TEST(the_newest_message_stays),
        TEST(what_local_users_sent_stays),       TEST(it_goes_on_from_everywhere),
        TEST(an_event_leaves_the_lists),         TEST(a_time_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
