/* SPDX-License-Identifier: ISC */
/* How mxadmin_users follows the tables that it is made from. */
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "store/db_locked.h"
#include "store/deferred.h"
#include "store/refreshes.h"
#include "store/user_list.h"
#include "store/user_list_rows.h"

/* Every user as the row should be, of those for whom `condition` is true. */
#define COLUMNS "localpart, display_name, avatar_url, created_ts, last_seen_ts, user_type, flags"
#define TRUTH(condition)                                                                                     \
    "SELECT a.localpart, COALESCE(p.display_name, ''), COALESCE(p.avatar_url, ''), a.created_ts,"            \
    " COALESCE((SELECT MAX(d.last_seen_ts) FROM userapi_devices d WHERE d.localpart = a.localpart"           \
    " AND d.server_name = a.server_name), 0), COALESCE(s.user_type, ''),"                                    \
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

#define SLICE      500 /* users that one transaction looks at: some ms */
#define SLICE_TEXT "500"
static const char sql_truth[] = TRUTH("a.localpart > ?2 ORDER BY a.localpart LIMIT " SLICE_TEXT);
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

static enum err read_rows(struct db *db, const char *sql, const struct db_value *args, size_t count,
                          struct list *rows)
{
    struct stmt *stmt;
    bool more = true;
    enum err e = db_query(db, sql, args, count, &stmt);

    while (!e && more) {
        struct row *row;

        e = db_step(stmt, &more);
        if (e || !more)
            break;
        row = list_add(rows);
        if (!row) {
            e = ERR_NOMEM;
            break;
        }
        *row = (struct row){
            .localpart = db_copy(stmt, 0, rows->arena, &e),
            .display_name = db_copy(stmt, 1, rows->arena, &e),
            .avatar_url = db_copy(stmt, 2, rows->arena, &e),
            .created_ts = db_int(stmt, 3),
            .last_seen_ts = db_int(stmt, 4),
            .user_type = db_copy(stmt, 5, rows->arena, &e),
            .flags = db_int(stmt, 6),
        };
    }
    db_done(&stmt);
    return e;
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

static enum err delete (struct db *db, const char *localpart) {
    return db_run(db, sql_delete, DB_ARGS(DB_T(localpart)), NULL);
}

/* Goes through what is and what is kept, both in the order of names. With `write` it makes them the same,
 * else it only counts the differences. */
static enum err merge(struct db *db, const struct list *truth, const struct list *kept, bool write,
                      size_t *differences)
{
    const struct row *is = truth->items, *was = kept->items;
    size_t i = 0, j = 0;
    enum err e = ERR_OK;

    *differences = 0;
    while (!e && (i < truth->count || j < kept->count)) {
        int order = i == truth->count ? 1 : j == kept->count ? -1 : strcmp(is[i].localpart, was[j].localpart);
        bool differs = order != 0 || !same(&is[i], &was[j]);

        *differences += differs;
        if (differs && write)
            e = order > 0 ? delete (db, was[j].localpart) : put(db, &is[i]);
        i += order <= 0;
        j += order >= 0;
    }
    return e;
}

/* What is, and what is kept, of the users after `after`; `*last`: there are no more. */
static enum err read_slice(struct db *db, const char *server_name, const char *after, struct list *truth,
                           struct list *kept, bool *last)
{
    const char *end = NULL;
    enum err e = read_rows(db, sql_truth, DB_ARGS(DB_T(server_name), DB_T(after)), truth);

    *last = truth->count < SLICE;
    if (!e && !*last)
        end = ((const struct row *)truth->items)[truth->count - 1].localpart;
    if (!e)
        e = read_rows(db, sql_kept, DB_ARGS(DB_T(after), DB_T(end)), kept);
    return e;
}

/*
 * Brings the users after `*after` up to date, as many as one slice has; `*after` becomes the last of them.
 * What is Dendrite's is read before anything is written, or Dendrite would wait for our disk; what is our own
 * changes in the same transaction, or what somebody else writes meanwhile would be undone.
 */
static enum err refresh_slice(struct db *db, const char *server_name, struct arena *arena, const char **after,
                              bool *last)
{
    const bool apart = db_attached(db);
    struct list truth = {.arena = arena, .item_size = sizeof(struct row)}, kept = truth;
    size_t differences = 0;
    enum err e = db_begin(db, apart ? DB_READ : DB_NOTE);

    if (e)
        return e;
    e = read_slice(db, server_name, *after, &truth, &kept, last);
    if (!e)
        e = merge(db, &truth, &kept, !apart, &differences);
    e = db_end(db, e);
    if (!e && truth.count > 0)
        *after = ((const struct row *)truth.items)[truth.count - 1].localpart;
    if (e || !apart || differences == 0)
        return e;
    e = db_begin(db, DB_NOTE);
    return e ? e : db_end(db, merge(db, &truth, &kept, true, &differences));
}

static enum err refresh_all(struct db *db, const char *server_name)
{
    struct arena *arena = arena_new(), *next = arena_new(), *spent;
    const char *after = "";
    bool last = false;
    enum err e = arena && next ? ERR_OK : ERR_NOMEM;

    while (!e && !last) { /* where the last slice ended is a text of its arena */
        e = refresh_slice(db, server_name, next, &after, &last);
        spent = arena;
        arena = next;
        next = spent;
        arena_reset(next);
    }
    arena_free(&arena);
    arena_free(&next);
    return e;
}

enum err user_list_refresh(struct db *db, const char *server_name, bool always)
{
    int64_t now = clock_now_ms(), began = clock_monotonic_ms();
    bool due = true;
    enum err e = always ? ERR_OK : refreshes_due(db, REFRESHES_USERS, now, &due);

    if (e || !due)
        return e;
    e = refresh_all(db, server_name);
    if (!e)
        e = db_begin(db, DB_NOTE);
    if (e)
        return e;
    return db_end(db, refreshes_done(db, REFRESHES_USERS, now, clock_monotonic_ms() - began));
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
    e = read_rows(db, sql_truth_of_one, DB_ARGS(DB_T(server_name), DB_T(localpart)), &rows);
    if (!e)
        e = rows.count > 0 ? put(db, rows.items) : delete (db, localpart);
    arena_free(&arena);
    return e;
}
