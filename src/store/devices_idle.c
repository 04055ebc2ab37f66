/* SPDX-License-Identifier: ISC */
/* Sessions that were not used for long. Dendrite has no index for that: all are looked at, in slices. */
#include "base/list.h"
#include "store/accounts.h"
#include "store/devices.h"

#define SLICE      500
#define SLICE_TEXT "500"

/*
 * When a session was used last; it began then at the latest. Without a token it is none, and the users of
 * application services (account type 4) have some that nobody ever uses.
 */
#define USED                                                                                                 \
    "CASE WHEN COALESCE(d.last_seen_ts, 0) > COALESCE(d.created_ts, 0) THEN d.last_seen_ts"                  \
    " ELSE COALESCE(d.created_ts, 0) END"
#define COLUMNS                                                                                              \
    "SELECT d.localpart, d.device_id, " USED ", d.access_token <> '' AND d.server_name = ?1"                 \
    " AND COALESCE(a.account_type, 0) <> 4 FROM userapi_devices d LEFT JOIN userapi_accounts a"              \
    " ON a.localpart = d.localpart AND a.server_name = d.server_name WHERE "
static const char sql_slice[] = COLUMNS "(d.localpart, d.device_id) > (?2, ?3)"
                                        " ORDER BY d.localpart, d.device_id LIMIT " SLICE_TEXT;
static const char sql_one[] = COLUMNS "d.localpart = ?2 AND d.device_id = ?3 AND d.server_name = ?1";
_Static_assert(ACCOUNT_APPSERVICE == 4, "the statements have this number");

static bool is_idle(struct stmt *stmt, int64_t before_ts)
{
    return db_int(stmt, 2) > 0 && db_int(stmt, 2) < before_ts && db_int(stmt, 3);
}

static enum err add(struct stmt *stmt, struct list *list)
{
    struct idle_device *device = list_add(list);
    enum err e = device ? ERR_OK : ERR_NOMEM;

    if (device) {
        device->localpart = db_copy(stmt, 0, list->arena, &e);
        device->device_id = db_copy(stmt, 1, list->arena, &e);
    }
    return e;
}

enum err devices_idle(struct db *db, struct idle_search *search, struct arena *arena)
{
    struct list list = {.arena = arena, .item_size = sizeof(struct idle_device)};
    struct stmt *stmt;
    int rows = 0;
    enum err e =
        db_query(db, sql_slice,
                 DB_ARGS(DB_T(search->server_name), DB_T(search->localpart), DB_T(search->device_id)), &stmt);

    while (db_next(stmt, &e)) {
        if (is_idle(stmt, search->before_ts))
            e = add(stmt, &list);
        if (!e && ++rows == SLICE) {
            search->localpart = db_copy(stmt, 0, arena, &e);
            search->device_id = db_copy(stmt, 1, arena, &e);
        }
    }
    db_done(&stmt);
    search->devices = list.items;
    search->count = list.count;
    search->over = rows < SLICE;
    return e;
}

enum err devices_is_idle(struct db *db, const char *server_name, const char *localpart, const char *device_id,
                         int64_t before_ts, bool *idle)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_one, DB_ARGS(DB_T(server_name), DB_T(localpart), DB_T(device_id)), &stmt);

    if (!e)
        *idle = is_idle(stmt, before_ts);
    db_done(&stmt);
    return e;
}
