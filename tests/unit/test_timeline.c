/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/state_at.h"
#include "store/timeline.h"

#define LOBBY   "!VaNppTgZjfEEpSW9:example.org"
#define STAFF   "!jDGqmoLRC06s6WLY:example.org"
#define MESSAGE "$vKH_GFJyQjrxCiS1u3vpXkP9LFFYoZ2xG--v7LwAsKk" /* of the lobby */

struct seen {
    struct timeline_walk *walk;
    int64_t depths[128];
    size_t count;
    size_t limit; /* 0: none */
    enum err stop;
};

static enum err see(const struct timeline_event *event, void *context)
{
    struct seen *seen = context;

    assert_true(seen->count < 128);
    assert_true(*event->id && *event->json && *event->type && *event->sender);
    seen->depths[seen->count++] = event->place.depth;
    seen->walk->enough = seen->count == seen->limit;
    return seen->stop;
}

static struct seen walk(struct database *d, struct timeline_walk walk, size_t limit)
{
    struct seen seen = {.walk = &walk, .limit = limit};

    while (!walk.done && !walk.enough)
        assert_int_equal(timeline_next(d->db, &walk, see, &seen), ERR_OK);
    seen.walk = NULL;
    return seen;
}

static struct timeline_place end_of(struct database *d, const char *room_id)
{
    struct timeline_place place;

    assert_int_equal(timeline_end(d->db, room_id, d->arena, &place), ERR_OK);
    return place;
}

static struct timeline_walk forwards(struct database *d, const char *room_id, struct timeline_place from)
{
    return (struct timeline_walk){.room_id = room_id, .at = from, .stop = end_of(d, room_id)};
}

static struct timeline_walk backwards(const char *room_id, struct timeline_place from)
{
    return (struct timeline_walk){.room_id = room_id, .backwards = true, .at = from, .stop = TIMELINE_FIRST};
}

static void finds_places(void **state)
{
    struct database *d = *state;
    struct timeline_place place;

    assert_int_equal(timeline_find(d->db, LOBBY, MESSAGE, &place), ERR_OK);
    assert_int_equal(place.depth,
                     number(d->db, "SELECT depth FROM roomserver_events WHERE event_id = '" MESSAGE "'"));
    assert_int_equal(timeline_find(d->db, STAFF, MESSAGE, &place), ERR_NOT_FOUND);
    assert_int_equal(timeline_find(d->db, LOBBY, "$x", &place), ERR_NOT_FOUND);
}

static void finds_the_end(void **state)
{
    struct database *d = *state;
    struct timeline_place place = end_of(d, STAFF);

    assert_int_equal(place.depth, 13);
    assert_int_equal(place.position, 50);
    place = end_of(d, "!x:example.org");
    assert_int_equal(place.depth, 0);
    /* One of two ends is nowhere in the history; the later of the others counts. */
    run(d->db, "UPDATE roomserver_rooms SET latest_event_nids = '[999,1,2]' WHERE room_nid = 2");
    assert_int_equal(end_of(d, STAFF).depth,
                     number(d->db, "SELECT MAX(depth) FROM roomserver_events WHERE event_nid IN (1, 2)"));
}

/* From any place the walks to both sides see all, and no event twice. */
static void walks_both_ways(void **state)
{
    static const size_t all = 13;
    struct database *d = *state;

    for (int64_t depth = 0; depth <= (int64_t)all; depth++) {
        const struct timeline_place place = {depth, 37 + depth};
        struct seen after = walk(d, forwards(d, STAFF, place), 0),
                    before = walk(d, backwards(STAFF, place), 0);

        assert_int_equal(before.count, depth);
        assert_int_equal(before.count + after.count, all);
        for (size_t i = 0; i < before.count; i++)
            assert_int_equal(before.depths[i], depth - (int64_t)i);
        for (size_t i = 0; i < after.count; i++)
            assert_int_equal(after.depths[i], depth + 1 + (int64_t)i);
    }
    assert_int_equal(walk(d, backwards(STAFF, TIMELINE_LAST), 0).count, all);
    assert_int_equal(walk(d, forwards(d, STAFF, TIMELINE_LAST), 0).count, 0);
    assert_int_equal(walk(d, forwards(d, "!x:example.org", TIMELINE_FIRST), 0).count, 0);
}

static void stops_when_it_is_told_to(void **state)
{
    struct database *d = *state;
    struct timeline_walk up = {.room_id = STAFF, .at = {3, 40}, .stop = {5, 42}};
    struct timeline_walk down = {.room_id = STAFF, .backwards = true, .at = {5, 42}, .stop = {3, 40}};
    struct timeline_walk failing = forwards(d, STAFF, TIMELINE_FIRST);
    struct seen seen = {.walk = &failing, .stop = ERR_NOMEM};

    assert_int_equal(walk(d, up, 0).count, 2);
    assert_int_equal(walk(d, down, 0).count, 2);
    assert_int_equal(walk(d, forwards(d, STAFF, TIMELINE_FIRST), 4).count, 4);
    assert_int_equal(timeline_next(d->db, &failing, see, &seen), ERR_NOMEM);
    assert_int_equal(seen.count, 1);
}

/* Of one depth, the order in which they came counts, and a page may end among them. */
static void tells_events_of_one_depth_apart(void **state)
{
    struct database *d = *state;
    struct seen seen;

    run(d->db,
        "UPDATE syncapi_output_room_events_topology SET topological_position = 5 WHERE room_id = '" STAFF
        "' AND topological_position BETWEEN 5 AND 8");
    assert_int_equal(walk(d, backwards(STAFF, (struct timeline_place){5, 43}), 0).count, 6);
    assert_int_equal(walk(d, forwards(d, STAFF, (struct timeline_place){5, 43}), 0).count, 7);
    seen = walk(d, (struct timeline_walk){.room_id = STAFF, .at = {5, 42}, .stop = {5, 44}}, 0);
    assert_int_equal(seen.count, 2);
}

static void crosses_gaps(void **state)
{
    static const char *const changes[] = {
        "UPDATE syncapi_output_room_events_topology SET topological_position = topological_position + 150"
        " WHERE room_id = '" STAFF "' AND topological_position > 7",
        "UPDATE syncapi_output_room_events_topology SET topological_position = topological_position + 1000000"
        " WHERE room_id = '" STAFF "' AND topological_position > 3",
        /* It begins late, as a room that was joined on another server does, and ends with the greatest depth.
         */
        "UPDATE syncapi_output_room_events_topology SET topological_position = topological_position + 5000"
        " WHERE room_id = '" STAFF "'",
        "UPDATE syncapi_output_room_events_topology SET topological_position = 9007199254740991"
        " WHERE room_id = '" STAFF "' AND topological_position = (SELECT MAX(topological_position)"
        " FROM syncapi_output_room_events_topology WHERE room_id = '" STAFF "')",
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct seen up, down;

        run(d->db, changes[i]);
        up = walk(d, forwards(d, STAFF, TIMELINE_FIRST), 0);
        down = walk(d, backwards(STAFF, TIMELINE_LAST), 0);
        assert_int_equal(up.count, 13);
        assert_int_equal(down.count, 13);
        for (size_t j = 0; j < up.count; j++)
            assert_true(up.depths[j] == down.depths[down.count - 1 - j]);
    }
}

static void searches_by_time(void **state)
{
    static const struct {
        int64_t ts;
        bool backwards;
        int64_t depth; /* 0: none */
    } rows[] = {
        {0, false, 1},    {1000, false, 1},     {1001, false, 3}, {1002, false, 3},
        {1004, false, 0}, {999, true, 0},       {1000, true, 2},  {1001, true, 2},
        {1002, true, 5},  {INT64_MAX, true, 4}, {1003, false, 4},
    };
    struct database *d = *state;

    /* 1 and 2 of one moment, 3 and 5 of another, 4 later, the others without a time. */
    run(d->db, "UPDATE syncapi_output_room_events SET headered_event_json = CASE id WHEN 38 THEN"
               " '{\"origin_server_ts\": 1000}' WHEN 39 THEN '{\"origin_server_ts\": 1000}' WHEN 40 THEN"
               " '{\"origin_server_ts\": 1002}' WHEN 41 THEN '{\"origin_server_ts\": 1003}' WHEN 42 THEN"
               " '{\"origin_server_ts\": 1002}' ELSE '{}' END WHERE room_id = '" STAFF "'");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct timeline_search search = {.room_id = STAFF, .ts = rows[i].ts, .backwards = rows[i].backwards};
        struct timeline_place place = {0, 0};

        while (!search.done)
            assert_int_equal(timeline_search_next(d->db, &search), ERR_OK);
        if (*search.event_id)
            assert_int_equal(timeline_find(d->db, STAFF, search.event_id, &place), ERR_OK);
        if (place.depth != rows[i].depth)
            fail_msg("row %zu: %lld", i, (long long)place.depth);
    }
}

static enum err count_event(const struct state_at_event *event, void *context)
{
    assert_true(*event->id == '$' && *event->json == '{' && *event->type && event->state_key);
    ++*(int64_t *)context;
    return ERR_OK;
}

/* How many events are in the state after an event; -1 when that is not known. */
static int64_t state_after(struct database *d, const char *event_id)
{
    struct state_at at;
    int64_t count = 0;
    enum err e = state_at_open(&at, d->db, event_id);

    while (!e && !state_at_done(&at))
        e = state_at_next(&at, count_event, &count);
    state_at_free(&at);
    assert_true(!e || e == ERR_NOT_FOUND);
    return e ? -1 : count;
}

/* The state of Dendrite's own making, after an event that is part of it, and after one that is not. */
static void knows_the_state_after_an_event(void **state)
{
    struct database *d = *state;

    assert_int_equal(state_after(d, "$UVlcpM3HPrPhHaLp4yajPuRs3D8IYyGjO5xeEBQg57I"),
                     1); /* its m.room.create */
    assert_int_equal(state_after(d, "$6mg11fe1XcHplUxhmQXEH9PKMM6OFTxh2RaaND5-KcU"), 2);
    assert_int_equal(
        state_after(d, "$8biNbrqXxvMjhUdb3l1zWA6_d0ENcr2bA0T38Nut6Zc"), /* its last */
        number(d->db, "SELECT COUNT(*) FROM syncapi_current_room_state WHERE room_id = '" STAFF "'"));
    assert_true(state_after(d, MESSAGE) > 2);
    assert_int_equal(state_after(d, "$x"), -1);
    run(d->db, "UPDATE roomserver_events SET state_snapshot_nid = 0 WHERE event_id = '" MESSAGE "'");
    assert_int_equal(state_after(d, MESSAGE), 0);
}

#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, database_of_dendrite_completed, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DENDRITE(finds_places),
        DENDRITE(finds_the_end),
        DENDRITE(walks_both_ways),
        DENDRITE(stops_when_it_is_told_to),
        DENDRITE(tells_events_of_one_depth_apart),
        DENDRITE(crosses_gaps),
        DENDRITE(searches_by_time),
        DENDRITE(knows_the_state_after_an_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
