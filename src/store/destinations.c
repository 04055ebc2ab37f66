/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "store/collect.h"
#include "store/destinations.h"
#include "store/pattern.h"

/* What a server was waited for in vain before Dendrite gave it up: 2^16 s, unless it is told otherwise. */
#define LAST_INTERVAL "65536000"

/*
 * The servers in a queue, of which there are few even where the queue is long: from one to the next along the
 * index. The last is NULL.
 */
#define QUEUED(name, queue)                                                                                  \
    name "(server_name) AS (SELECT MIN(server_name) FROM " queue " UNION ALL SELECT (SELECT"                 \
         " MIN(t.server_name) FROM " queue " t WHERE t.server_name > " name ".server_name) FROM " name       \
         " WHERE " name ".server_name IS NOT NULL)"

/* Every server that there is a sign of, but ours, ?1; NULLs fall to the comparison. */
#define QUEUED_PDUS QUEUED("pdus", "federationsender_queue_pdus")
#define QUEUED_EDUS QUEUED("edus", "federationsender_queue_edus")
#define NAMES                                                                                                \
    "WITH RECURSIVE " QUEUED_PDUS ", " QUEUED_EDUS ", names AS (SELECT server_name FROM (SELECT server_name" \
    " FROM mxadmin_destinations UNION SELECT server_name FROM federationsender_blacklist"                    \
    " UNION SELECT server_name FROM federationsender_assumed_offline"                                        \
    " UNION SELECT server_name FROM pdus UNION SELECT server_name FROM edus)"                                \
    " AS all_names WHERE server_name <> ?1)"

#define IN(table)   "EXISTS (SELECT 1 FROM " table " t WHERE t.server_name = n.server_name)"
#define BLACKLISTED IN("federationsender_blacklist")
#define OFFLINE     IN("federationsender_assumed_offline")
#define WAITS       "(" IN("federationsender_queue_pdus") " OR " IN("federationsender_queue_edus") ")"

/* Of each of `names` what is known; ?2 is the time. */
#define STATES(names)                                                                                        \
    "SELECT n.server_name, " BLACKLISTED " AS blacklisted, " WAITS " AS waits, " OFFLINE " AS offline,"      \
    " (SELECT f.failure_ts FROM mxadmin_destination_failures f WHERE f.server_name = n.server_name)"         \
    " AS noted_ts, EXISTS (SELECT 1 FROM mxadmin_deferred w WHERE w.kind = 'reset_destination'"              \
    " AND w.target = n.server_name) AS reset_waits FROM " names " n"

/* A server for which nothing waits has had all that there was for it. */
#define ROWS(names)                                                                                          \
    "SELECT server_name, CASE WHEN blacklisted OR (offline AND waits) THEN COALESCE(noted_ts, ?2)"           \
    " ELSE 0 END AS failure_ts, CASE WHEN blacklisted THEN " LAST_INTERVAL " ELSE 0 END AS retry_interval,"  \
    " CASE WHEN blacklisted OR waits THEN -1 ELSE (SELECT COALESCE(MAX(event_nid), -1)"                      \
    " FROM roomserver_events) END AS sent, reset_waits FROM (" STATES(names) ") AS states"

#define ROWS_FOUND ROWS("found")

#define FILTER " WHERE CAST(?3 AS TEXT) IS NULL OR LOWER(server_name) LIKE LOWER(?3) ESCAPE '\\'"
#define PAGE(order)                                                                                          \
    NAMES ", found AS (SELECT server_name FROM names" FILTER ") " ROWS_FOUND " ORDER BY " order              \
          " LIMIT ?5 OFFSET ?4"
#define PAGES(column)                                                                                        \
    {                                                                                                        \
        PAGE(column ", server_name"), PAGE(column " DESC, server_name")                                      \
    }

/* Forwards and backwards. */
static const char *const sql_pages[][2] = {
    [DESTINATION_ORDER_NAME] = {PAGE("server_name"), PAGE("server_name DESC")},
    [DESTINATION_ORDER_RETRY_LAST] = PAGES("failure_ts"),
    [DESTINATION_ORDER_RETRY_INTERVAL] = PAGES("retry_interval"),
    [DESTINATION_ORDER_FAILURE] = PAGES("failure_ts"),
    [DESTINATION_ORDER_SENT] = PAGES("sent"),
};
_Static_assert(sizeof sql_pages / sizeof *sql_pages == DESTINATION_ORDER__MAX,
               "every order has its statements");

static const char sql_total[] = NAMES " SELECT COUNT(*) FROM names WHERE CAST(?2 AS TEXT) IS NULL"
                                      " OR LOWER(server_name) LIKE LOWER(?2) ESCAPE '\\'";
static const char sql_find[] =
    NAMES ", found AS (SELECT server_name FROM names WHERE server_name = ?3) " ROWS_FOUND;

#define ROOMS(direction)                                                                                     \
    "SELECT d.room_id, COALESCE(r.last_event_sent_nid, 0) FROM mxadmin_destination_rooms d"                  \
    " LEFT JOIN roomserver_rooms r ON r.room_id = d.room_id WHERE d.server_name = ?1"                        \
    " ORDER BY d.room_id" direction " LIMIT ?3 OFFSET ?2"
static const char *const sql_rooms[] = {ROOMS(""), ROOMS(" DESC")};
static const char sql_rooms_total[] =
    "SELECT COALESCE(SUM(rooms), 0) FROM mxadmin_destinations WHERE server_name = ?1";

static const char *const sql_reset[] = {
    "DELETE FROM federationsender_blacklist WHERE server_name = ?1",
    "DELETE FROM federationsender_assumed_offline WHERE server_name = ?1",
};

static void take(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    *(struct destination *)item = (struct destination){
        .name = db_copy(stmt, 0, arena, e),
        .failure_ts = db_int(stmt, 1),
        .retry_interval = db_int(stmt, 2),
        .sent = db_int(stmt, 3),
        .reset_waits = db_int(stmt, 4) != 0,
    };
}

enum err destinations_page(struct db *db, const char *server_name, const struct destination_page *page,
                           struct arena *arena, struct destination_rows *rows, int64_t *total)
{
    struct list list = {.arena = arena, .item_size = sizeof(struct destination)};
    const char *pattern = page->search ? pattern_of(page->search, arena) : NULL;
    enum err e = page->search && !pattern ? ERR_NOMEM : ERR_OK;

    if (!e)
        e = db_integer(db, sql_total, DB_ARGS(DB_T(server_name), DB_T(pattern)), total);
    if (!e)
        e = collect(db, sql_pages[page->order][page->backwards],
                    DB_ARGS(DB_T(server_name), DB_I(clock_now_ms()), DB_T(pattern), DB_I(page->from),
                            DB_I(page->limit)),
                    &list, take);
    *rows = (struct destination_rows){.items = list.items, .count = list.count};
    return e;
}

enum err destinations_find(struct db *db, const char *server_name, const char *name, struct arena *arena,
                           struct destination *destination)
{
    struct list list = {.arena = arena, .item_size = sizeof *destination};
    enum err e =
        collect(db, sql_find, DB_ARGS(DB_T(server_name), DB_I(clock_now_ms()), DB_T(name)), &list, take);

    if (!e && list.count == 0)
        e = ERR_NOT_FOUND;
    if (!e)
        *destination = *(const struct destination *)list.items;
    return e;
}

static void take_room(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    *(struct destination_room *)item =
        (struct destination_room){.room_id = db_copy(stmt, 0, arena, e), .sent = db_int(stmt, 1)};
}

enum err destinations_rooms(struct db *db, const char *name, bool backwards, int64_t from, int64_t limit,
                            struct arena *arena, struct destination_room_rows *rows, int64_t *total)
{
    struct list list = {.arena = arena, .item_size = sizeof(struct destination_room)};
    enum err e = db_integer(db, sql_rooms_total, DB_ARGS(DB_T(name)), total);

    if (!e)
        e = collect(db, sql_rooms[backwards], DB_ARGS(DB_T(name), DB_I(from), DB_I(limit)), &list, take_room);
    *rows = (struct destination_room_rows){.items = list.items, .count = list.count};
    return e;
}

enum err destinations_reset(struct db *file, const char *name)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < sizeof sql_reset / sizeof *sql_reset; i++)
        e = db_run(file, sql_reset[i], DB_ARGS(DB_T(name)), NULL);
    return e;
}
