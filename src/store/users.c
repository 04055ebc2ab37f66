/* SPDX-License-Identifier: ISC */
#include "store/deferred.h"
#include "store/user_list.h"
#include "store/user_list_rows.h"
#include "store/users.h"

/* Dendrite writes '' where there is nothing. */
static const char sql_find[] =
    "SELECT a.localpart, " DEFERRED_TYPE ", a.is_deactivated, a.created_ts, NULLIF(a.appservice_id, ''),"
    " NULLIF(p.display_name, ''), NULLIF(p.avatar_url, ''),"
    " " USER_LAST_SEEN ", COALESCE(s.locked, 0), COALESCE(s.suspended, 0), COALESCE(s.erased, 0), s.user_type"
    " FROM userapi_accounts a" DEFERRED_JOIN
    " LEFT JOIN userapi_profiles p ON p.localpart = a.localpart AND p.server_name = a.server_name"
    " LEFT JOIN mxadmin_user_states s ON s.localpart = a.localpart"
    " WHERE a.localpart = ?1 AND a.server_name = ?2";

static const char sql_find_state[] =
    "SELECT locked, suspended, erased, user_type FROM mxadmin_user_states WHERE localpart = ?1";
static const char sql_put_state[] =
    "INSERT INTO mxadmin_user_states (localpart, locked, suspended, erased, user_type)"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (localpart) DO UPDATE SET locked = excluded.locked,"
    " suspended = excluded.suspended, erased = excluded.erased, user_type = excluded.user_type";

/* The state in four columns from `first` on. */
static struct user_state state_of(struct stmt *stmt, int first, struct arena *arena, enum err *e)
{
    return (struct user_state){
        .locked = db_int(stmt, first) != 0,
        .suspended = db_int(stmt, first + 1) != 0,
        .erased = db_int(stmt, first + 2) != 0,
        .user_type = db_copy(stmt, first + 3, arena, e),
    };
}

enum err users_find(struct db *db, const char *localpart, const char *server_name, struct arena *arena,
                    struct user *user)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_find, DB_ARGS(DB_T(localpart), DB_T(server_name)), &stmt);

    if (!e)
        *user = (struct user){
            .localpart = db_copy(stmt, 0, arena, &e),
            .type = (enum account_type)db_int(stmt, 1),
            .deactivated = db_int(stmt, 2) != 0,
            .created_ts = db_int(stmt, 3),
            .appservice_id = db_copy(stmt, 4, arena, &e),
            .profile = {.display_name = db_copy(stmt, 5, arena, &e),
                        .avatar_url = db_copy(stmt, 6, arena, &e)},
            .last_seen_ts = db_int(stmt, 7),
            .state = state_of(stmt, 8, arena, &e),
        };
    db_done(&stmt);
    return e;
}

enum err user_states_find(struct db *db, const char *localpart, struct arena *arena, struct user_state *state)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_find_state, DB_ARGS(DB_T(localpart)), &stmt);

    *state = (struct user_state){0};
    if (db_next(stmt, &e))
        *state = state_of(stmt, 0, arena, &e);
    db_done(&stmt);
    return e;
}

enum err user_states_put(struct db *db, const char *localpart, const char *server_name,
                         const struct user_state *state)
{
    enum err e = db_run(db, sql_put_state,
                        DB_ARGS(DB_T(localpart), DB_I(state->locked), DB_I(state->suspended),
                                DB_I(state->erased), DB_T(state->user_type)),
                        NULL);

    return e ? e : user_list_touch(db, localpart, server_name);
}
