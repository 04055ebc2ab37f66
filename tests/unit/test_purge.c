/* SPDX-License-Identifier: ISC */
#include "world.h"

#include "store/purge.h"
#include "store/rooms.h"

#define LOBBY  "!VaNppTgZjfEEpSW9:example.org" /* number 1: 35 members, an alias, messages */
#define NEWEST "!ZqDCNU7H1TbQdYwY:example.org" /* number 8 */
#define BIG    "!big:example.org"

/* Goes through the room until the end, or for `steps`, each in a transaction; returns how many there were. */
static int go(struct world *w, enum purge_mode mode, int64_t nid, const char *room_id, int steps,
              int64_t *rows)
{
    struct purge *purge;
    const struct purge_count *counts;
    bool done = false;
    size_t count;
    int taken = 0;

    assert_int_equal(purge_open(&purge, w->d->db, mode, nid, room_id), ERR_OK);
    while (!done && taken < steps) {
        assert_int_equal(db_begin(w->d->db, mode == PURGE_COUNT ? DB_READ : DB_WRITE), ERR_OK);
        assert_int_equal(db_end(w->d->db, purge_step(purge, &done)), ERR_OK);
        taken++;
    }
    counts = purge_counts(purge, &count);
    *rows = 0;
    for (size_t i = 0; i < count; i++)
        *rows += counts[i].rows;
    purge_free(&purge);
    assert_null(purge);
    return taken;
}

static void counts_what_it_removes(void **state)
{
    struct world *w = *state;
    int64_t counted, removed, left;
    int steps = go(w, PURGE_COUNT, 1, LOBBY, INT32_MAX, &counted);

    assert_true(counted > 1000);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms WHERE room_nid = 1"), 1);
    assert_int_equal(go(w, PURGE_REMOVE, 1, LOBBY, INT32_MAX, &removed), steps);
    assert_int_equal(removed, counted);
    go(w, PURGE_COUNT, 1, LOBBY, INT32_MAX, &left);
    assert_int_equal(left, 0);
}

/* Cut off after each of its steps, it is begun again; and the room is found up to the last one. */
static void can_be_cut_off_anywhere(void **state)
{
    struct world *w = *state;
    int64_t all, before, after, left;
    int steps = go(w, PURGE_COUNT, 1, LOBBY, INT32_MAX, &all);

    /* What is gone takes no more steps; so the cuts come closer to the end. */
    for (int i = 1; i < steps; i++) {
        go(w, PURGE_REMOVE, 1, LOBBY, i, &before);
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms WHERE room_nid = 1"), 1);
        assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events e"
                                          " JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
                                          " WHERE e.room_nid = 1 AND e.event_type_nid = 1"),
                         1);
        all -= before;
        steps = go(w, PURGE_COUNT, 1, LOBBY, INT32_MAX, &left);
        assert_int_equal(left, all);
    }
    go(w, PURGE_REMOVE, 1, LOBBY, INT32_MAX, &after);
    assert_int_equal(after, all);
    go(w, PURGE_COUNT, 1, LOBBY, INT32_MAX, &left);
    assert_int_equal(left, 0);
}

/* Dendrite's snapshot of the empty state is that of the room that was made last, and all others begin with
 * it. */
static void keeps_what_other_rooms_begin_with(void **state)
{
    static const char sql_empty[] =
        "SELECT COUNT(*) FROM roomserver_state_snapshots WHERE state_snapshot_nid = 1";
    struct world *w = *state;
    int64_t rows;

    assert_int_equal(
        number(w->d->db, "SELECT room_nid FROM roomserver_state_snapshots WHERE state_snapshot_nid = 1"), 8);
    go(w, PURGE_REMOVE, 8, NEWEST, INT32_MAX, &rows);
    assert_int_equal(number(w->d->db, sql_empty), 1);
    /* When no other begins with it, it goes with its own room. */
    run(w->d->db, "UPDATE roomserver_state_snapshots SET room_nid = 1 WHERE state_snapshot_nid = 1");
    run(w->d->db, "UPDATE roomserver_events SET state_snapshot_nid = 0"
                  " WHERE event_type_nid = 1 AND room_nid <> 1");
    go(w, PURGE_REMOVE, 1, LOBBY, INT32_MAX, &rows);
    assert_int_equal(number(w->d->db, sql_empty), 0);
}

/* Dendrite's own purge removes whatever snapshot has the number of the room. */
static void counts_what_dendrite_removes(void **state)
{
    static const char sql_of_room[] = "SELECT COUNT(*) FROM roomserver_state_snapshots WHERE room_nid = 8";
    struct world *w = *state;
    const struct purge_count *counts;
    struct purge *purge;
    int64_t rows = 0;
    bool done = false;
    size_t count;

    assert_int_equal(purge_open(&purge, w->d->db, PURGE_COUNT_DENDRITES, 8, NEWEST), ERR_OK);
    while (!done)
        assert_int_equal(purge_step(purge, &done), ERR_OK);
    counts = purge_counts(purge, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(counts[i].table, "roomserver_state_snapshots") == 0)
            rows += counts[i].rows;
    assert_int_equal(rows, number(w->d->db, sql_of_room));
    purge_free(&purge);
}

/* More of everything than one slice takes; only ours, of which each has rooms of its own. */
static void goes_slice_by_slice(void **state)
{
    static const char sql_others[] = "SELECT COUNT(*) FROM roomserver_state_snapshots WHERE room_nid = 1";
    enum { MEMBERS = 1500 };
    struct world *w = *state;
    const char **members = arena_alloc(w->d->arena, MEMBERS * sizeof *members);
    int64_t others, counted, removed, left;

    assert_non_null(members);
    for (int i = 0; i < MEMBERS; i++)
        members[i] = arena_printf(w->d->arena, "@member%d:" SERVER, i);
    make_room(w, "!other:" SERVER, "10", "@alice:" SERVER, members, 3);
    make_room(w, BIG, "10", "@alice:" SERVER, members, MEMBERS);
    others = number(w->d->db, sql_others);
    assert_true(go(w, PURGE_COUNT, 2, BIG, INT32_MAX, &counted) > 20);
    assert_true(counted > 10 * MEMBERS);
    go(w, PURGE_REMOVE, 2, BIG, INT32_MAX, &removed);
    assert_int_equal(removed, counted);
    go(w, PURGE_COUNT, 2, BIG, INT32_MAX, &left);
    assert_int_equal(left, 0);
    assert_int_equal(number(w->d->db, sql_others), others);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_membership"), 4);
}

static const char *const users[] = {"@alice:" SERVER, "@bob:" SERVER};

static void the_act_refuses_a_room_with_members(void **state)
{
    struct world *w = *state;
    struct id_list affected;

    for (size_t i = 0; i < 2; i++)
        add_account(w, i == 0 ? "alice" : "bob");
    make_room(w, BIG, "10", users[0], users + 1, 1);
    assert_int_equal(homeserver_purge_room(&w->hs, BIG, false), ERR_INVALID);
    assert_int_equal(number(w->d->db, "SELECT json_array_length(latest_event_nids) FROM roomserver_rooms"),
                     1);
    assert_int_equal(homeserver_evacuate_room(&w->hs, BIG, false, w->d->arena, &affected), ERR_OK);
    assert_int_equal(affected.count, 2);
    assert_int_equal(homeserver_purge_room(&w->hs, BIG, false), ERR_OK);
    assert_int_equal(homeserver_purge_room(&w->hs, BIG, false), ERR_NOT_FOUND);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_rooms"), 0);
    assert_int_equal(homeserver_join(&w->hs, "alice", BIG), ERR_NOT_FOUND);
}

static enum err note_room(const char *room_id, void *context)
{
    strcat(context, room_id);
    return ERR_OK;
}

/* The rooms in which nobody of this server is, after each other. */
static const char *empty_rooms(struct world *w)
{
    char *rooms = arena_alloc(w->d->arena, 1024);
    int64_t after = 0;
    bool done = false;

    assert_non_null(rooms);
    while (!done)
        assert_int_equal(rooms_empty(w->d->db, &after, &done, note_room, rooms), ERR_OK);
    return rooms;
}

static enum err stop(const char *room_id, void *context)
{
    (void)room_id;
    (void)context;
    return ERR_NOMEM;
}

static void finds_the_empty_rooms(void **state)
{
    struct world *w = *state;
    int64_t after = 0;
    bool done = true;

    assert_string_equal(empty_rooms(w), "!C2FStgDZDif6DRxR:example.org"); /* as Dendrite says */
    assert_int_equal(rooms_empty(w->d->db, &after, &done, stop, NULL), ERR_NOMEM);
    assert_false(done);
    run(w->d->db, "UPDATE roomserver_membership SET target_local = FALSE WHERE room_nid = 1");
    run(w->d->db, "UPDATE roomserver_membership SET membership_nid = 2 WHERE room_nid = 2");
    assert_string_equal(empty_rooms(w), LOBBY "!jDGqmoLRC06s6WLY:example.org!C2FStgDZDif6DRxR:example.org");
    run(w->d->db, "UPDATE roomserver_events SET is_rejected = TRUE WHERE room_nid = 2");
    assert_string_equal(empty_rooms(w), LOBBY "!C2FStgDZDif6DRxR:example.org");
}

/* What is half purged is as good as not there for all but the next purge. */
static void nobody_comes_to_what_is_half_purged(void **state)
{
    struct world *w = *state;
    struct id_list affected;
    int64_t rows;

    add_account(w, "alice");
    make_room(w, BIG, "10", users[0], users + 1, 1);
    run(w->d->db, "UPDATE roomserver_rooms SET latest_event_nids = '[]', state_snapshot_nid = 0");
    go(w, PURGE_REMOVE, 1, BIG, 3, &rows);
    assert_int_equal(homeserver_join(&w->hs, "alice", BIG), ERR_NOT_FOUND);
    assert_int_equal(homeserver_leave(&w->hs, "alice", BIG), ERR_NOT_FOUND);
    assert_int_equal(homeserver_evacuate_user(&w->hs, "alice", false, w->d->arena, &affected), ERR_OK);
    assert_int_equal(affected.count, 0);
    assert_string_equal(empty_rooms(w), BIG);
    assert_int_equal(homeserver_purge_room(&w->hs, BIG, false), ERR_OK);
    assert_int_equal(number(w->d->db, "SELECT COUNT(*) FROM roomserver_events"), 0);
}

#define FRESH(test)    cmocka_unit_test_setup_teardown(test, world_new, world_end)
#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, world_of_dendrite, world_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DENDRITE(counts_what_it_removes),
        DENDRITE(can_be_cut_off_anywhere),
        DENDRITE(keeps_what_other_rooms_begin_with),
        DENDRITE(counts_what_dendrite_removes),
        FRESH(goes_slice_by_slice),
        FRESH(the_act_refuses_a_room_with_members),
        DENDRITE(finds_the_empty_rooms),
        FRESH(nobody_comes_to_what_is_half_purged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
