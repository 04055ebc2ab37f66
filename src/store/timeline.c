/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "store/nids.h"
#include "store/rooms.h"
#include "store/sql_json.h"
#include "store/timeline.h"

static const char sql_find[] = "SELECT topological_position, stream_position FROM"
                               " syncapi_output_room_events_topology WHERE event_id = ?1 AND room_id = ?2";
static const char sql_place[] =
    "SELECT t.topological_position, t.stream_position FROM roomserver_events e"
    " JOIN syncapi_output_room_events_topology t ON t.event_id = e.event_id WHERE e.event_nid = ?1";

/*
 * The index of the order has the depth before the room. So each depth is looked at by itself: a range of
 * depths would lead through the events of all rooms.
 */
#define REPLACES SQL_ONLY("o.remove_state_ids")
#define AT_DEPTH                                                                                             \
    "SELECT t.topological_position, t.stream_position, o.event_id, o.headered_event_json, o.type, o.sender," \
    " " REPLACES ", o.contains_url FROM syncapi_output_room_events_topology t"                               \
    " JOIN syncapi_output_room_events o ON o.event_id = t.event_id"                                          \
    " WHERE t.topological_position = ?1 AND t.room_id = ?2 AND t.stream_position "
static const char sql_forwards[] = AT_DEPTH "> ?3 ORDER BY t.stream_position";
static const char sql_backwards[] = AT_DEPTH "<= ?3 ORDER BY t.stream_position DESC";

/* Where events are missing, as when the server has joined late, the next depth can be far. This many are
 * tried, which takes less than a look at all that the room has. */
#define MISSES_MAX 200
static const char sql_depths[] = "SELECT o.id, t.topological_position FROM syncapi_output_room_events o"
                                 " JOIN syncapi_output_room_events_topology t ON t.event_id = o.event_id"
                                 " WHERE o.room_id = ?1 AND o.id > ?2 ORDER BY o.id";

#define SLICE_MS (DB_SLICE_MS / 2)

static bool is_after(struct timeline_place a, struct timeline_place b)
{
    return a.depth > b.depth || (a.depth == b.depth && a.position > b.position);
}

static enum err find_place(struct db *db, const char *sql, const struct db_value *args, size_t count,
                           struct timeline_place *place)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, args, count, &stmt);
    bool found = db_next(stmt, &e);

    if (found)
        *place = (struct timeline_place){db_int(stmt, 0), db_int(stmt, 1)};
    db_done(&stmt);
    return e || found ? e : ERR_NOT_FOUND;
}

enum err timeline_find(struct db *db, const char *room_id, const char *event_id, struct timeline_place *place)
{
    return find_place(db, sql_find, DB_ARGS(DB_T(event_id), DB_T(room_id)), place);
}

/* The last of those that the room ends with: whatever else it has comes before one of them. */
enum err timeline_end(struct db *db, const char *room_id, struct arena *arena, struct timeline_place *place)
{
    struct room_row room;
    enum err e = rooms_find(db, room_id, arena, &room);

    *place = TIMELINE_FIRST;
    for (size_t i = 0; !e && i < room.latest.count; i++) {
        struct timeline_place last = TIMELINE_FIRST;

        e = find_place(db, sql_place, DB_ARGS(DB_I(room.latest.items[i])), &last);
        if (e == ERR_NOT_FOUND) /* a redaction of what has not come yet is not shown to anybody */
            e = ERR_OK;
        if (is_after(last, *place))
            *place = last;
    }
    nids_free(&room.latest);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Whether the walk may go past an event, whose place is the one after it. */
static bool is_within(const struct timeline_walk *walk, struct timeline_place place)
{
    return walk->backwards ? is_after(place, walk->stop) : !is_after(place, walk->stop);
}

/* In place of the next depth, when there is none. */
static int64_t none(const struct timeline_walk *walk)
{
    return walk->backwards ? INT64_MIN : INT64_MAX;
}

/* Leads the walk over one event. */
static void pass(struct timeline_walk *walk, struct timeline_place place)
{
    walk->at = place;
    walk->at.position -= walk->backwards;
    walk->misses = 0;
}

/* Leads it to a depth. */
static void go_to(struct timeline_walk *walk, int64_t depth)
{
    walk->at = (struct timeline_place){depth, walk->backwards ? INT64_MAX : INT64_MIN};
}

/* Leads it to the next depth, if there is one that it may go to. */
static void go_on(struct timeline_walk *walk)
{
    int64_t depth = walk->at.depth;

    if (walk->backwards ? depth <= 0 || depth <= walk->stop.depth : depth >= walk->stop.depth) {
        walk->done = true;
        return;
    }
    go_to(walk, walk->backwards ? depth - 1 : depth + 1);
    if (++walk->misses > MISSES_MAX) {
        walk->gap.after = 0;
        walk->gap.nearest = none(walk);
    }
}

/* The events at the depth of the walk; `*whole` if these were all. */
static enum err look_at_depth(struct db *db, struct timeline_walk *walk, int64_t end_ms, bool *whole,
                              enum err (*each)(const struct timeline_event *event, void *context),
                              void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, walk->backwards ? sql_backwards : sql_forwards,
                          DB_ARGS(DB_I(walk->at.depth), DB_T(walk->room_id), DB_I(walk->at.position)), &stmt);

    *whole = true;
    while (*whole && db_next(stmt, &e)) {
        const struct timeline_event event = {
            .place = {db_int(stmt, 0), db_int(stmt, 1)},
            .id = db_text(stmt, 2),
            .json = db_text(stmt, 3),
            .type = db_text(stmt, 4),
            .sender = db_text(stmt, 5),
            .replaces = db_text(stmt, 6),
            .contains_url = db_int(stmt, 7),
        };

        walk->done = !is_within(walk, event.place);
        if (!walk->done) {
            pass(walk, event.place);
            e = each(&event, context);
        }
        *whole = !walk->done && !walk->enough && clock_monotonic_ms() < end_ms;
    }
    db_done(&stmt);
    return e;
}

/* Goes on looking for the next depth in all that the room has. */
static enum err cross_gap(struct db *db, struct timeline_walk *walk, int64_t end_ms)
{
    struct stmt *stmt;
    bool in_time = true;
    enum err e = db_query(db, sql_depths, DB_ARGS(DB_T(walk->room_id), DB_I(walk->gap.after)), &stmt);

    while (in_time && db_next(stmt, &e)) {
        int64_t depth = db_int(stmt, 1);

        if (walk->backwards ? depth <= walk->at.depth && depth > walk->gap.nearest
                            : depth >= walk->at.depth && depth < walk->gap.nearest)
            walk->gap.nearest = depth;
        walk->gap.after = db_int(stmt, 0);
        in_time = clock_monotonic_ms() < end_ms;
    }
    db_done(&stmt);
    if (e || !in_time)
        return e;
    walk->done = walk->gap.nearest == none(walk);
    go_to(walk, walk->gap.nearest);
    walk->misses = 0;
    return ERR_OK;
}

static enum err slice(struct db *db, struct timeline_walk *walk,
                      enum err (*each)(const struct timeline_event *event, void *context), void *context)
{
    int64_t end_ms = clock_monotonic_ms() + SLICE_MS;
    enum err e = ERR_OK;

    while (!e && !walk->done && !walk->enough && clock_monotonic_ms() < end_ms) {
        bool whole = false;

        if (walk->misses > MISSES_MAX)
            e = cross_gap(db, walk, end_ms);
        else
            e = look_at_depth(db, walk, end_ms, &whole, each, context);
        if (!e && whole)
            go_on(walk);
    }
    return e;
}

enum err timeline_next(struct db *db, struct timeline_walk *walk,
                       enum err (*each)(const struct timeline_event *event, void *context), void *context)
{
    enum err e = db_begin(db, DB_READ);

    return e ? e : db_end(db, slice(db, walk, each, context));
}
