/* SPDX-License-Identifier: ISC */
/* How what we keep of destinations follows Dendrite's tables. */
#include <string.h>

#include "base/clock.h"
#include "store/collect.h"
#include "store/destinations.h"
#include "store/refreshes.h"
#include "store/sql_json.h"

/* Rooms of so many members, or one larger, are compared at a time: some ms. */
#define SLICE_TEXT "2000"
/* A room id begins with "!" (Appendices, "Room IDs"): this is after all of them. */
#define AFTER_ALL "\""

static const char sql_slice_end[] = "SELECT room_id FROM federationsender_joined_hosts WHERE room_id > ?1"
                                    " ORDER BY room_id LIMIT 1 OFFSET " SLICE_TEXT;
static const char sql_truth[] =
    "SELECT DISTINCT room_id, server_name FROM federationsender_joined_hosts"
    " WHERE room_id > ?1 AND room_id <= ?2 AND server_name <> ?3 ORDER BY room_id, server_name";
static const char sql_kept[] = "SELECT room_id, server_name FROM mxadmin_destination_rooms"
                               " WHERE room_id > ?1 AND room_id <= ?2 ORDER BY room_id, server_name";
static const char sql_clear[] = "DELETE FROM mxadmin_destination_rooms WHERE room_id > ?1 AND room_id <= ?2";
static const char sql_add[] = "INSERT INTO mxadmin_destination_rooms (room_id, server_name) VALUES (?1, ?2)";

/* Of the servers that fail, for all that Dendrite's tables tell. */
#define QUEUED(table) "EXISTS (SELECT 1 FROM " table " t WHERE t.server_name = o.server_name)"
#define PDUS_WAIT     QUEUED("federationsender_queue_pdus")
#define EDUS_WAIT     QUEUED("federationsender_queue_edus")
#define FAILING                                                                                              \
    "SELECT server_name FROM federationsender_blacklist UNION SELECT o.server_name"                          \
    " FROM federationsender_assumed_offline o WHERE " PDUS_WAIT " OR " EDUS_WAIT
static const char sql_failing_new[] = "SELECT server_name FROM (" FAILING
                                      ") AS f WHERE NOT EXISTS (SELECT 1 FROM mxadmin_destination_failures d"
                                      " WHERE d.server_name = f.server_name)";
static const char sql_recovered[] =
    "SELECT server_name FROM mxadmin_destination_failures WHERE server_name NOT IN (" FAILING ")";
#define SENT_TS SQL_MEMBER("j.json_body", "$.origin_server_ts")
static const char sql_oldest[] =
    "SELECT COALESCE(MIN(" SENT_TS "), ?2) FROM federationsender_queue_json j WHERE j.json_nid ="
    " (SELECT MIN(p.json_nid) FROM federationsender_queue_pdus p WHERE p.server_name = ?1)";
static const char sql_note[] = "INSERT INTO mxadmin_destination_failures (server_name, failure_ts)"
                               " VALUES (?1, ?2) ON CONFLICT (server_name) DO NOTHING";
static const char sql_forget[] = "DELETE FROM mxadmin_destination_failures WHERE server_name = ?1";

struct pair {
    const char *room_id, *server_name;
};

/* The rooms after `from` and up to `to`, with the servers in them. */
struct slice {
    const char *from, *to;
    struct list truth, kept; /* struct pair */
};

static void take_pair(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    *(struct pair *)item =
        (struct pair){.room_id = db_copy(stmt, 0, arena, e), .server_name = db_copy(stmt, 1, arena, e)};
}

static enum err read_slice(struct db *db, const char *server_name, struct slice *slice, bool *last)
{
    enum err e = db_string(db, sql_slice_end, DB_ARGS(DB_T(slice->from)), slice->truth.arena, &slice->to);

    *last = e == ERR_NOT_FOUND;
    if (*last) {
        slice->to = AFTER_ALL;
        e = ERR_OK;
    }
    if (!e)
        e = collect(db, sql_truth, DB_ARGS(DB_T(slice->from), DB_T(slice->to), DB_T(server_name)),
                    &slice->truth, take_pair);
    return e ? e
             : collect(db, sql_kept, DB_ARGS(DB_T(slice->from), DB_T(slice->to)), &slice->kept, take_pair);
}

static bool is_same(const struct slice *slice)
{
    const struct pair *is = slice->truth.items, *was = slice->kept.items;

    if (slice->truth.count != slice->kept.count)
        return false;
    for (size_t i = 0; i < slice->truth.count; i++)
        if (strcmp(is[i].room_id, was[i].room_id) != 0 || strcmp(is[i].server_name, was[i].server_name) != 0)
            return false;
    return true;
}

static enum err replace(struct db *db, const struct slice *slice)
{
    const struct pair *is = slice->truth.items;
    enum err e = db_begin(db, DB_NOTE);

    if (e)
        return e;
    e = db_run(db, sql_clear, DB_ARGS(DB_T(slice->from), DB_T(slice->to)), NULL);
    for (size_t i = 0; !e && i < slice->truth.count; i++)
        e = db_run(db, sql_add, DB_ARGS(DB_T(is[i].room_id), DB_T(is[i].server_name)), NULL);
    return db_end(db, e);
}

/* What is Dendrite's is read in a transaction of its own, or Dendrite would wait for our disk. */
static enum err run_slice(struct db *db, const char *server_name, struct slice *slice, bool *last)
{
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = db_end(db, read_slice(db, server_name, slice, last));
    return e || is_same(slice) ? e : replace(db, slice);
}

static enum err run_rooms(struct db *db, const char *server_name)
{
    struct arena *arena = arena_new(), *next = arena_new(), *spent;
    const char *from = "";
    bool last = false;
    enum err e = arena && next ? ERR_OK : ERR_NOMEM;

    while (!e && !last) { /* where the last slice ended is a text of its arena */
        const struct list empty = {.arena = next, .item_size = sizeof(struct pair)};
        struct slice slice = {.from = from, .truth = empty, .kept = empty};

        e = run_slice(db, server_name, &slice, &last);
        from = slice.to;
        spent = arena;
        arena = next;
        next = spent;
        arena_reset(next);
    }
    arena_free(&arena);
    arena_free(&next);
    return e;
}

static enum err note_one(struct db *db, const char *name)
{
    int64_t now = clock_now_ms(), since = now;
    enum err e = db_integer(db, sql_oldest, DB_ARGS(DB_T(name), DB_I(now)), &since);

    if (!e)
        e = db_begin(db, DB_NOTE);
    return e ? e : db_end(db, db_run(db, sql_note, DB_ARGS(DB_T(name), DB_I(since)), NULL));
}

static enum err forget_one(struct db *db, const char *name)
{
    enum err e = db_begin(db, DB_NOTE);

    return e ? e : db_end(db, db_run(db, sql_forget, DB_ARGS(DB_T(name)), NULL));
}

/* Does `act` with each name that a statement finds. */
static enum err with_names(struct db *db, const char *sql, enum err (*act)(struct db *db, const char *name))
{
    struct arena *arena = arena_new();
    struct list names = {.arena = arena, .item_size = sizeof(const char *)};
    enum err e = arena ? collect(db, sql, DB_NO_ARGS, &names, collect_text) : ERR_NOMEM;

    for (size_t i = 0; !e && i < names.count; i++)
        e = act(db, ((const char **)names.items)[i]);
    arena_free(&arena);
    return e;
}

enum err destinations_refresh(struct db *db, const char *server_name, bool never_done)
{
    const int64_t now = clock_now_ms(), began = clock_monotonic_ms();
    bool begun = false, due = true;
    enum err e = refreshes_begun(db, REFRESHES_DESTINATIONS, &begun);

    if (!e && begun)
        e = refreshes_due(db, REFRESHES_DESTINATIONS, now, &due);
    if (e || !due || (begun && never_done))
        return e;
    e = run_rooms(db, server_name);
    if (!e)
        e = with_names(db, sql_failing_new, note_one);
    if (!e)
        e = with_names(db, sql_recovered, forget_one);
    return e ? e : refreshes_done(db, REFRESHES_DESTINATIONS, now, clock_monotonic_ms() - began);
}
