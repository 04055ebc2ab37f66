/* SPDX-License-Identifier: ISC */
/* How mxadmin_rooms follows the tables that it is made from. */
#include <string.h>

#include "base/clock.h"
#include "store/collect.h"
#include "store/refreshes.h"
#include "store/room_list_rows.h"

#define DOUBT_MS ((int64_t)24 * 3600 * 1000)

/* Enough of a room to see whether it has changed. */
static const char sql_truth[] =
    "SELECT r.room_id, r.room_nid, COALESCE((SELECT MAX(o.id) FROM syncapi_output_room_events o"
    " WHERE o.room_id = r.room_id), 0), EXISTS (SELECT 1 FROM roomserver_published p"
    " WHERE p.room_id = r.room_id AND p.published) FROM roomserver_rooms r"
    " WHERE r.room_id > ?1 AND r.latest_event_nids <> '[]'"
    " ORDER BY r.room_id LIMIT " REFRESHES_SLICE_TEXT;
static const char sql_kept[] =
    "SELECT room_id, room_nid, position, flags & 1 FROM mxadmin_rooms WHERE room_id > ?1"
    " AND (room_id <= ?2 OR CAST(?2 AS TEXT) IS NULL) ORDER BY room_id";

#define WORK_BATCH "1000"
static const char sql_work[] = "SELECT room_id FROM mxadmin_room_work LIMIT " WORK_BATCH;
static const char sql_add_work[] =
    "INSERT INTO mxadmin_room_work (room_id) VALUES (?1) ON CONFLICT (room_id) DO NOTHING";
/* When all rooms were last made work, which stands for no comparison. */
#define ALL "rooms, all"
static const char sql_add_all[] = "INSERT INTO mxadmin_room_work (room_id) SELECT room_id FROM mxadmin_rooms"
                                  " WHERE TRUE ON CONFLICT (room_id) DO NOTHING";
static const char sql_doubted[] =
    "INSERT INTO mxadmin_refreshes (name, refreshed_ts, took_ms) VALUES ('" ALL "', ?1, 0)"
    " ON CONFLICT (name) DO UPDATE SET refreshed_ts = excluded.refreshed_ts";
static const char sql_end_work[] = "DELETE FROM mxadmin_room_work WHERE room_id = ?1";

static void take_kept(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct kept_room *kept = item;

    kept->room.id = db_copy(stmt, 0, arena, e);
    kept->nid = db_int(stmt, 1);
    kept->position = db_int(stmt, 2);
    kept->room.is_public = db_int(stmt, 3) != 0;
}

static int order(const void *a, const void *b)
{
    const struct kept_room *one = a, *other = b;

    return strcmp(one->room.id, other->room.id);
}

static bool differs(const void *is, const void *was)
{
    const struct kept_room *one = is, *other = was;

    return !is || !was || one->nid != other->nid || one->position != other->position ||
           one->room.is_public != other->room.is_public;
}

static enum err settle(struct db *db, const void *is, const void *was)
{
    const struct kept_room *one = is, *other = was;

    if (!one)
        return kept_room_remove(db, other->room.id);
    return db_run(db, sql_add_work, DB_ARGS(DB_T(one->room.id)), NULL);
}

static enum err read_slice(struct db *db, const struct refresh *refresh, const void *after,
                           struct list *truth, struct list *kept)
{
    const size_t before = truth->count;
    const struct kept_room *last = after, *end;
    const char *from = last ? last->room.id : "";
    enum err e = collect(db, sql_truth, DB_ARGS(DB_T(from)), truth, take_kept);

    end = refreshes_end(refresh, truth, truth->count - before);
    return e ? e
             : collect(db, sql_kept, DB_ARGS(DB_T(from), DB_T(end ? end->room.id : NULL)), kept, take_kept);
}

/* Rooms that are being read again. */
struct work {
    struct arena *arena;
    struct list ids;             /* of the batch */
    size_t next;                 /* of these */
    struct room_reading reading; /* of that one */
    struct list kept;            /* what was read, and is to be written */
};

/* Reads what is left of one room; one that is not there any more has no row to be written. */
static enum err read_on(struct db *db, struct work *work, bool *over)
{
    enum err e;

    work->reading.room_id = ((const char **)work->ids.items)[work->next];
    work->reading.arena = work->arena;
    e = room_reading_step(db, &work->reading, over);
    if (!e && *over) {
        struct kept_room *kept = list_add(&work->kept);

        e = kept ? ERR_OK : ERR_NOMEM;
        if (kept)
            *kept = work->reading.kept;
    }
    *over |= e == ERR_NOT_FOUND;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Reads on, for as long as a transaction may take. */
static enum err read_some(struct db *db, struct work *work)
{
    int64_t end_ms = clock_monotonic_ms() + DB_SLICE_MS / 4;
    enum err e = ERR_OK;

    while (!e && work->next < work->ids.count && clock_monotonic_ms() < end_ms) {
        bool over = false;

        e = read_on(db, work, &over);
        if (over) {
            work->next++;
            work->reading = (struct room_reading){0};
        }
    }
    return e;
}

/* Writes what was read; of the batch, the rooms from `first` on are done. */
static enum err write_some(struct db *db, struct work *work, size_t first)
{
    const struct kept_room *kept = work->kept.items;
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < work->kept.count; i++)
        e = kept_room_put(db, &kept[i]);
    for (size_t i = first; !e && i < work->next; i++)
        e = db_run(db, sql_end_work, DB_ARGS(DB_T(((const char **)work->ids.items)[i])), NULL);
    work->kept = (struct list){.arena = work->arena, .item_size = sizeof *kept};
    return e;
}

/*
 * A slice of the batch. As with other lists: what is Dendrite's is read before anything is written, and what
 * is our own is in one transaction.
 */
static enum err work_on(struct db *db, struct work *work)
{
    const bool apart = db_attached(db);
    size_t first = work->next;
    enum err e = db_begin(db, apart ? DB_READ : DB_NOTE);

    if (e)
        return e;
    e = read_some(db, work);
    if (apart) {
        e = db_end(db, e);
        if (!e)
            e = db_begin(db, DB_NOTE);
        if (e)
            return e;
    }
    return db_end(db, e ? e : write_some(db, work, first));
}

static enum err work_off(struct db *db, struct arena *arena, int64_t end_ms, bool *over)
{
    struct work work = {
        .arena = arena,
        .ids = {.arena = arena, .item_size = sizeof(const char *)},
        .kept = {.arena = arena, .item_size = sizeof(struct kept_room)},
    };
    enum err e = collect(db, sql_work, DB_NO_ARGS, &work.ids, collect_text);

    *over = !e && work.ids.count == 0;
    /* What has been read of a room is lost at the end, so one that was begun is read to its end. */
    while (!e && work.next < work.ids.count && (work.reading.room_id || clock_monotonic_ms() < end_ms))
        e = work_on(db, &work);
    return e;
}

enum err room_list_read(struct db *db, int64_t ms, bool *over)
{
    int64_t now = clock_monotonic_ms(), end_ms = ms < INT64_MAX - now ? now + ms : INT64_MAX;
    struct arena *arena = arena_new();
    enum err e = arena ? ERR_OK : ERR_NOMEM;

    *over = false;
    while (!e && !*over && clock_monotonic_ms() < end_ms) {
        arena_reset(arena);
        e = work_off(db, arena, end_ms, over);
    }
    arena_free(&arena);
    return e;
}

enum err room_list_compare(struct db *db, bool always)
{
    static const struct refresh refresh = {
        .name = REFRESHES_ROOMS,
        .row_size = sizeof(struct kept_room),
        .read = read_slice,
        .order = order,
        .differs = differs,
        .settle = settle,
    };
    bool due = true;
    enum err e = always ? ERR_OK : refreshes_due(db, REFRESHES_ROOMS, clock_now_ms(), &due);

    return e || !due ? e : refreshes_run(db, &refresh);
}

static enum err read_all_again(struct db *db, int64_t now_ms)
{
    enum err e = db_begin(db, DB_NOTE);

    if (e)
        return e;
    e = db_run(db, sql_add_all, DB_NO_ARGS, NULL);
    if (!e)
        e = db_run(db, sql_doubted, DB_ARGS(DB_I(now_ms)), NULL);
    return db_end(db, e);
}

enum err room_list_doubt(struct db *db)
{
    const bool attached = db_attached(db);
    bool lately = false;
    enum err e = refreshes_done_within(db, attached ? ALL : REFRESHES_ROOMS, DOUBT_MS, &lately);

    if (e || lately)
        return e;
    return attached ? read_all_again(db, clock_now_ms()) : room_list_compare(db, true);
}
