/* SPDX-License-Identifier: ISC */
/* How mxadmin_users follows the tables that it is made from. */
#include <string.h>

#include "base/clock.h"
#include "store/collect.h"
#include "store/db_locked.h"
#include "store/deferred.h"
#include "store/refreshes.h"
#include "store/user_list.h"
#include "store/user_list_rows.h"

/* Every user as the row should be, of those for whom `condition` is true. */
#define COLUMNS "localpart, display_name, avatar_url, created_ts, last_seen_ts, user_type, flags"
#define TRUTH(condition)                                                                                     \
    "SELECT a.localpart, COALESCE(p.display_name, ''), COALESCE(p.avatar_url, ''), a.created_ts,"            \
    " " USER_LAST_SEEN ", COALESCE(s.user_type, ''),"                                                        \
    " (CASE " DEFERRED_TYPE " WHEN 3 THEN 1 WHEN 2 THEN 2 ELSE 0 END)"                                       \
    " + (CASE WHEN a.is_deactivated THEN 4 ELSE 0 END) + (CASE WHEN s.locked THEN 8 ELSE 0 END)"             \
    " + (CASE WHEN s.suspended THEN 16 ELSE 0 END) + (CASE WHEN s.erased THEN 32 ELSE 0 END)"                \
    " FROM userapi_accounts a" DEFERRED_JOIN                                                                 \
    " LEFT JOIN userapi_profiles p ON p.localpart = a.localpart AND p.server_name = a.server_name"           \
    " LEFT JOIN mxadmin_user_states s ON s.localpart = a.localpart"                                          \
    " WHERE a.server_name = ?1 AND " condition
_Static_assert(USER_ADMIN == 1 && USER_GUEST == 2 && USER_DEACTIVATED == 4 && USER_LOCKED == 8 &&
                   USER_SUSPENDED == 16 && USER_ERASED == 32,
               "the statement has these numbers");

static const char sql_truth[] = TRUTH("a.localpart > ?2 ORDER BY a.localpart LIMIT " REFRESHES_SLICE_TEXT);
static const char sql_truth_of_one[] = TRUTH("a.localpart = ?2");
static const char sql_kept[] = "SELECT " COLUMNS " FROM mxadmin_users WHERE localpart > ?1"
                               " AND (localpart <= ?2 OR CAST(?2 AS TEXT) IS NULL) ORDER BY localpart";
static const char sql_put[] =
    "INSERT INTO mxadmin_users (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    " ON CONFLICT (localpart) DO UPDATE SET display_name = excluded.display_name,"
    " avatar_url = excluded.avatar_url, created_ts = excluded.created_ts,"
    " last_seen_ts = excluded.last_seen_ts, user_type = excluded.user_type, flags = excluded.flags";
static const char sql_delete[] = "DELETE FROM mxadmin_users WHERE localpart = ?1";

struct row {
    const char *localpart;
    const char *display_name;
    const char *avatar_url;
    int64_t created_ts;
    int64_t last_seen_ts;
    const char *user_type;
    int64_t flags;
};

static void take_row(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct row *row = item;

    *row = (struct row){
        .localpart = db_copy(stmt, 0, arena, e),
        .display_name = db_copy(stmt, 1, arena, e),
        .avatar_url = db_copy(stmt, 2, arena, e),
        .created_ts = db_int(stmt, 3),
        .last_seen_ts = db_int(stmt, 4),
        .user_type = db_copy(stmt, 5, arena, e),
        .flags = db_int(stmt, 6),
    };
}

static bool same(const struct row *a, const struct row *b)
{
    return strcmp(a->display_name, b->display_name) == 0 && strcmp(a->avatar_url, b->avatar_url) == 0 &&
           a->created_ts == b->created_ts && a->last_seen_ts == b->last_seen_ts &&
           strcmp(a->user_type, b->user_type) == 0 && a->flags == b->flags;
}

static enum err put(struct db *db, const struct row *row)
{
    return db_run(db, sql_put,
                  DB_ARGS(DB_T(row->localpart), DB_T(row->display_name), DB_T(row->avatar_url),
                          DB_I(row->created_ts), DB_I(row->last_seen_ts), DB_T(row->user_type),
                          DB_I(row->flags)),
                  NULL);
}

static enum err remove_user(struct db *db, const char *localpart)
{
    return db_run(db, sql_delete, DB_ARGS(DB_T(localpart)), NULL);
}

static int order(const void *a, const void *b)
{
    const struct row *one = a, *other = b;

    return strcmp(one->localpart, other->localpart);
}

static bool differs(const void *is, const void *was)
{
    return !is || !was || !same(is, was);
}

static enum err settle(struct db *db, const void *is, const void *was)
{
    const struct row *gone = was;

    return is ? put(db, is) : remove_user(db, gone->localpart);
}

static enum err read_slice(struct db *db, const struct refresh *refresh, const void *after,
                           struct list *truth, struct list *kept)
{
    const size_t before = truth->count;
    const struct row *last = after, *end;
    const char *from = last ? last->localpart : "";
    enum err e = collect(db, sql_truth, DB_ARGS(DB_T(refresh->server_name), DB_T(from)), truth, take_row);

    end = refreshes_end(refresh, truth, truth->count - before);
    return e ? e
             : collect(db, sql_kept, DB_ARGS(DB_T(from), DB_T(end ? end->localpart : NULL)), kept, take_row);
}

enum err user_list_refresh(struct db *db, const char *server_name, bool always)
{
    const struct refresh refresh = {
        .name = REFRESHES_USERS,
        .server_name = server_name,
        .row_size = sizeof(struct row),
        .read = read_slice,
        .order = order,
        .differs = differs,
        .settle = settle,
    };
    bool due = true;
    enum err e = always ? ERR_OK : refreshes_due(db, REFRESHES_USERS, clock_now_ms(), &due);

    return e || !due ? e : refreshes_run(db, &refresh);
}

enum err user_list_touch(struct db *db, const char *localpart, const char *server_name)
{
    struct arena *arena;
    struct list rows = {.item_size = sizeof(struct row)};
    enum err e;

    if (db_is_theirs(db))
        return ERR_OK;
    if (db_attached(db))
        return refreshes_forget(db, REFRESHES_USERS);
    rows.arena = arena = arena_new();
    if (!arena)
        return ERR_NOMEM;
    e = collect(db, sql_truth_of_one, DB_ARGS(DB_T(server_name), DB_T(localpart)), &rows, take_row);
    if (!e)
        e = rows.count > 0 ? put(db, rows.items) : remove_user(db, localpart);
    arena_free(&arena);
    return e;
}
