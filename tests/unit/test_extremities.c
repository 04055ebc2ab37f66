/* SPDX-License-Identifier: ISC */
/* Standalone: a history that ends with many events is made to end with one. */
#include "world.h"

#include "homeserver/room_acts.h"
#include "store/extremities.h"

#define ROOM    "!room:" SERVER
#define CREATOR "@creator:" SERVER
#define ALICE   "@alice:" SERVER

/* Makes the last `count` events the ends: a fork, as Dendrite leaves many. */
static void fork_room(struct world *w, int64_t count)
{
    int64_t last = number(w->d->db, "SELECT MAX(event_nid) FROM roomserver_events");
    const char *list = "";

    for (int64_t i = 0; i < count; i++)
        list = arena_printf(w->d->arena, "%s%s%lld", list, i ? "," : "", (long long)(last - i));
    assert_int_equal(db_run(w->d->db, "UPDATE roomserver_rooms SET latest_event_nids = '[' || ?1 || ']'",
                            DB_ARGS(DB_T(list)), NULL),
                     ERR_OK);
}

static void set_state(struct world *w, const char *type, json_t *content)
{
    const struct new_event event = {.sender = CREATOR, .type = type, .state_key = "", .content = content};
    struct room *room = open_room(w, ROOM);
    char id[ID_SIZE];

    assert_int_equal(room_append(room, &event, id), ERR_OK);
    close_room(w, room);
    json_decref(content);
}

static void set_up(struct world *w, int members)
{
    const char *ids[128];

    add_account(w, "creator");
    add_account(w, "alice");
    add_account(w, "helper");
    for (int i = 0; i < members; i++)
        ids[i] = arena_printf(w->d->arena, "@user%d:" SERVER, i);
    make_room(w, ROOM, "10", CREATOR, ids, (size_t)members);
}

static size_t ends(struct world *w)
{
    struct extremity_row *rows;
    size_t count;

    assert_int_equal(extremities_list(w->d->db, ROOM, w->d->arena, &rows, &count), ERR_OK);
    for (size_t i = 0; i < count; i++)
        assert_true(rows[i].event_id[0] == '$' && rows[i].depth > 0 && rows[i].origin_server_ts > 0);
    return count;
}

static int64_t events(struct world *w)
{
    return number(w->d->db, "SELECT COUNT(*) FROM roomserver_events");
}

static enum err merge(struct world *w, const char *helper, struct extremity_merge *result)
{
    *result = (struct extremity_merge){.helper = helper};
    w->hs.reason = NULL;
    return homeserver_merge_extremities(&w->hs, ROOM, result, w->d->arena);
}

/* Twenty become one by each event. */
static void a_member_merges_them(void **state)
{
    static const struct {
        int count, events;
    } rows[] = {{1, 0}, {2, 1}, {20, 1}, {21, 2}, {39, 2}, {40, 3}, {100, 6}};
    struct world *w = *state;
    struct extremity_merge result;

    set_up(w, 100);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t before = events(w);

        fork_room(w, rows[i].count);
        assert_int_equal(ends(w), rows[i].count);
        assert_int_equal(merge(w, "helper", &result), ERR_OK);
        assert_int_equal(result.before, rows[i].count);
        assert_int_equal(result.left, 1);
        assert_null(result.job_id);
        assert_int_equal(ends(w), 1);
        assert_int_equal(events(w) - before, rows[i].events);
    }
    assert_string_equal(text(w, "SELECT sender || ' ' || type FROM syncapi_output_room_events"
                                " ORDER BY id DESC LIMIT 1"),
                        CREATOR " org.matrix.dummy_event");
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_membership WHERE membership_nid = 3"),
                     101);
}

/* Who may send no message says again to be a member. */
static void a_member_without_power_merges_them(void **state)
{
    struct world *w = *state;
    struct extremity_merge result;
    struct room *room;

    set_up(w, 3);
    set_state(w, "m.room.power_levels",
              json_pack("{s:i, s:{s:i}}", "events_default", 50, "users", CREATOR, 100));
    room = open_room(w, ROOM);
    assert_int_equal(room_leave(room, CREATOR), ERR_OK);
    close_room(w, room);
    fork_room(w, 3);
    assert_int_equal(merge(w, NULL, &result), ERR_OK);
    assert_int_equal(ends(w), 1);
    assert_string_equal(text(w, "SELECT sender || ' ' || type FROM syncapi_output_room_events"
                                " ORDER BY id DESC LIMIT 1"),
                        "@user0:" SERVER " m.room.member");
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_membership WHERE membership_nid = 3"),
                     3);
}

/* A room that everybody has left, as a join rule lets it be. */
static void leave_room(struct world *w, const char *rule)
{
    struct id_list affected;

    set_up(w, 50);
    set_state(w, "m.room.join_rules", json_pack("{s:s}", "join_rule", rule));
    assert_int_equal(homeserver_evacuate_room(&w->hs, ROOM, false, w->d->arena, &affected), ERR_OK);
    fork_room(w, 50);
}

static void a_helper_joins_and_leaves(void **state)
{
    struct world *w = *state;
    struct extremity_merge result;
    int64_t before;

    leave_room(w, "public");
    before = events(w);
    assert_int_equal(merge(w, NULL, &result), ERR_DENIED);
    assert_non_null(w->hs.reason);
    assert_int_equal(events(w), before);
    assert_int_equal(merge(w, "helper", &result), ERR_OK);
    assert_int_equal(result.before, 50);
    assert_int_equal(result.left, 1);
    assert_int_equal(events(w) - before, 3); /* of which the second is in between */
    assert_int_equal(ends(w), 1);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_membership WHERE membership_nid = 3"),
                     0);
}

static void a_room_that_nobody_can_come_to_is_left_alone(void **state)
{
    struct world *w = *state;
    struct extremity_merge result;
    int64_t before;

    leave_room(w, "invite");
    before = events(w);
    assert_int_equal(merge(w, "helper", &result), ERR_DENIED);
    assert_non_null(strstr(w->hs.reason, "Nobody of this server is in the room"));
    assert_int_equal(ends(w), 50);
    assert_int_equal(events(w), before);
    fork_room(w, 1);
    assert_int_equal(merge(w, "helper", &result), ERR_OK);
    assert_int_equal(result.before - result.left, 0);
}

static void what_is_no_room_has_none(void **state)
{
    struct world *w = *state;
    struct extremity_merge result;

    assert_int_equal(merge(w, NULL, &result), ERR_NOT_FOUND);
    assert_int_equal(ends(w), 0);
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, world_new, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(a_member_merges_them),      ALONE(a_member_without_power_merges_them),
        ALONE(a_helper_joins_and_leaves), ALONE(a_room_that_nobody_can_come_to_is_left_alone),
        ALONE(what_is_no_room_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
