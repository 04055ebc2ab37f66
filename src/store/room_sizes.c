/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "store/collect.h"
#include "store/room_sizes.h"

/*
 * An event is stored twice, for other servers and for clients, and one of the state a third time; a quarter
 * of the pages is free, and there are its rows in other tables and in the indexes. As measured with
 * Dendrite's tables.
 */
#define BYTES                                                                                                \
    "CASE WHEN e.event_state_key_nid = 0 THEN LENGTH(j.event_json) * 10 / 4 + 900"                           \
    " ELSE LENGTH(j.event_json) * 15 / 4 + 1700 END"

#define SLICE      1000
#define SLICE_TEXT "1000"
static const char sql_slice[] =
    "SELECT COUNT(*), COALESCE(MAX(event_nid), 0) FROM (SELECT event_nid FROM roomserver_events"
    " WHERE event_nid > ?1 ORDER BY event_nid LIMIT " SLICE_TEXT ") AS slice";
static const char sql_sums[] = "SELECT e.room_nid, SUM(" BYTES ") FROM roomserver_events e"
                               " JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
                               " WHERE e.event_nid > ?1 AND e.event_nid <= ?2 GROUP BY e.room_nid";
static const char sql_add[] = "INSERT INTO mxadmin_room_sizes (room_nid, bytes) VALUES (?1, ?2)"
                              " ON CONFLICT (room_nid) DO UPDATE SET bytes = bytes + excluded.bytes";
/* The event up to which all have been looked at. */
static const char sql_seen[] = "SELECT COALESCE(MAX(event_nid), 0) FROM mxadmin_room_sizes_seen";
static const char sql_see[] = "INSERT INTO mxadmin_room_sizes_seen (event_nid) VALUES (?1)";
static const char sql_forget_seen[] = "DELETE FROM mxadmin_room_sizes_seen WHERE event_nid < ?1";
static const char sql_take_out[] =
    "UPDATE mxadmin_room_sizes SET bytes = bytes - (SELECT " BYTES " FROM roomserver_events e"
    " JOIN roomserver_event_json j ON j.event_nid = e.event_nid WHERE e.event_nid = ?1)"
    " WHERE room_nid = (SELECT e.room_nid FROM roomserver_events e"
    " JOIN roomserver_event_json j ON j.event_nid = e.event_nid WHERE e.event_nid = ?1)"
    " AND ?1 <= (SELECT MAX(event_nid) FROM mxadmin_room_sizes_seen)";
static const char sql_largest[] =
    "SELECT r.room_id, s.bytes FROM mxadmin_room_sizes s JOIN mxadmin_rooms r ON r.room_nid = s.room_nid"
    " ORDER BY s.bytes DESC, r.room_id LIMIT ?1";

struct sum {
    int64_t room_nid;
    int64_t bytes;
};

static void take_sum(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    (void)arena;
    (void)e;
    *(struct sum *)item = (struct sum){db_int(stmt, 0), db_int(stmt, 1)};
}

/* Reads a slice: the events after `after`, of which `*last` is the last. */
static enum err read_slice(struct db *db, int64_t after, int64_t *last, struct list *sums, int64_t *events)
{
    struct stmt *stmt;
    bool row = false;
    enum err e = db_query(db, sql_slice, DB_ARGS(DB_I(after)), &stmt);

    if (!e)
        e = db_step(stmt, &row);
    *events = !e && row ? db_int(stmt, 0) : 0;
    if (*events > 0)
        *last = db_int(stmt, 1);
    db_done(&stmt);
    if (e || *events == 0)
        return e;
    return collect(db, sql_sums, DB_ARGS(DB_I(after), DB_I(*last)), sums, take_sum);
}

/* Adds the sums of the slice from `after` to `last`, unless somebody else has done that meanwhile. */
static enum err write_slice(struct db *db, const struct list *sums, int64_t after, int64_t last)
{
    const struct sum *sum = sums->items;
    int64_t seen = 0;
    enum err e = db_integer(db, sql_seen, DB_NO_ARGS, &seen);

    if (e || seen != after)
        return e;
    for (size_t i = 0; !e && i < sums->count; i++)
        e = db_run(db, sql_add, DB_ARGS(DB_I(sum[i].room_nid), DB_I(sum[i].bytes)), NULL);
    if (!e)
        e = db_run(db, sql_see, DB_ARGS(DB_I(last)), NULL);
    return e ? e : db_run(db, sql_forget_seen, DB_ARGS(DB_I(last)), NULL);
}

/* What is Dendrite's is read before anything is written, as everywhere. */
static enum err run_slice(struct db *db, struct arena *arena, int64_t *events)
{
    struct list sums = {.arena = arena, .item_size = sizeof(struct sum)};
    int64_t after = 0, last = 0;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = db_integer(db, sql_seen, DB_NO_ARGS, &after);
    if (!e)
        e = read_slice(db, after, &last, &sums, events);
    e = db_end(db, e);
    if (e || *events == 0)
        return e;
    e = db_begin(db, DB_NOTE);
    return e ? e : db_end(db, write_slice(db, &sums, after, last));
}

static enum err follow(struct db *db, struct arena *arena)
{
    struct list sums = {.arena = arena, .item_size = sizeof(struct sum)};
    int64_t after = 0, last = 0, events = 0;
    enum err e = db_integer(db, sql_seen, DB_NO_ARGS, &after);

    if (!e)
        e = read_slice(db, after, &last, &sums, &events);
    return e || events == 0 ? e : write_slice(db, &sums, after, last);
}

enum err room_sizes_follow(struct db *db)
{
    struct arena *arena = arena_new();
    enum err e = arena ? follow(db, arena) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}

enum err room_sizes_refresh(struct db *db, int64_t ms, bool *over)
{
    int64_t began = clock_monotonic_ms(), events = SLICE;
    struct arena *arena = arena_new();
    enum err e = arena ? ERR_OK : ERR_NOMEM;

    *over = false;
    while (!e && !*over && clock_monotonic_ms() - began < ms) {
        arena_reset(arena);
        e = run_slice(db, arena, &events);
        *over = !e && events < SLICE;
    }
    arena_free(&arena);
    return e;
}

static void take_size(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct room_size *size = item;

    size->room_id = db_copy(stmt, 0, arena, e);
    size->bytes = db_int(stmt, 1);
}

enum err room_sizes_take_out(struct db *db, int64_t event_nid)
{
    return db_run(db, sql_take_out, DB_ARGS(DB_I(event_nid)), NULL);
}

enum err room_sizes_largest(struct db *db, int64_t max, struct arena *arena, struct room_size **sizes,
                            size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **sizes};
    enum err e = collect(db, sql_largest, DB_ARGS(DB_I(max)), &list, take_size);

    *sizes = list.items;
    *count = list.count;
    return e;
}
