/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "store/accounts.h"
#include "store/user_list.h"

/* Dendrite reads these columns into Go strings, which take no NULL: "nothing" is written as ''. */

#define COLUMNS "localpart, password_hash, account_type, is_deactivated, created_ts"
static const char sql_find[] =
    "SELECT " COLUMNS " FROM userapi_accounts WHERE localpart = ?1 AND server_name = ?2";
static const char sql_list[] =
    "SELECT " COLUMNS " FROM userapi_accounts WHERE server_name = ?1 ORDER BY localpart";
static const char sql_type[] =
    "SELECT account_type FROM userapi_accounts WHERE localpart = ?1 AND server_name = ?2";
static const char sql_insert[] = "INSERT INTO userapi_accounts (localpart, server_name, created_ts, "
                                 "password_hash, is_deactivated, account_type)"
                                 " VALUES (?1, ?2, ?3, COALESCE(?4, ''), ?5, ?6)";
/* A profile may have been left behind by an account that is gone; the new one does not inherit it. */
static const char sql_put_profile[] =
    "INSERT INTO userapi_profiles (localpart, server_name, display_name, avatar_url)"
    " VALUES (?1, ?2, COALESCE(?3, ''), COALESCE(?4, '')) ON CONFLICT (localpart, server_name)"
    " DO UPDATE SET display_name = excluded.display_name, avatar_url = excluded.avatar_url";
static const char sql_set_password[] =
    "UPDATE userapi_accounts SET password_hash = ?3 WHERE localpart = ?1 AND server_name = ?2";
static const char sql_set_type[] =
    "UPDATE userapi_accounts SET account_type = ?3 WHERE localpart = ?1 AND server_name = ?2";
static const char sql_deactivate[] = "UPDATE userapi_accounts SET is_deactivated = TRUE, password_hash = ''"
                                     " WHERE localpart = ?1 AND server_name = ?2";
static const char sql_reactivate[] =
    "UPDATE userapi_accounts SET is_deactivated = FALSE WHERE localpart = ?1 AND server_name = ?2";
static const char sql_find_profile[] =
    "SELECT p.display_name, p.avatar_url FROM userapi_accounts a LEFT JOIN userapi_profiles p"
    " ON p.localpart = a.localpart AND p.server_name = a.server_name"
    " WHERE a.localpart = ?1 AND a.server_name = ?2";

/* What else gives access to an account, or sends its messages somewhere; each takes (localpart, server name).
 */
static const char *const sql_deactivate_more[] = {
    "DELETE FROM userapi_threepids WHERE localpart = ?1 AND server_name = ?2",
    "DELETE FROM userapi_pushers WHERE localpart = ?1 AND server_name = ?2",
    "DELETE FROM userapi_openid_tokens WHERE localpart = ?1 AND server_name = ?2",
    "DELETE FROM userapi_login_tokens WHERE user_id = '@' || ?1 || ':' || ?2",
};

/* The account in the current row of COLUMNS; the texts are borrowed. */
static struct account account_of(struct stmt *stmt)
{
    return (struct account){
        .localpart = db_text(stmt, 0),
        .password_hash = db_text(stmt, 1),
        .type = (enum account_type)db_int(stmt, 2),
        .deactivated = db_int(stmt, 3) != 0,
        .created_ts = db_int(stmt, 4),
    };
}

enum err accounts_find(struct db *db, const char *localpart, const char *server_name, struct arena *arena,
                       struct account *account)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_find, DB_ARGS(DB_T(localpart), DB_T(server_name)), &stmt);

    if (!e) {
        *account = account_of(stmt);
        account->localpart = db_copy(stmt, 0, arena, &e);
        account->password_hash = db_copy(stmt, 1, arena, &e);
    }
    db_done(&stmt);
    return e;
}

enum err accounts_type(struct db *db, const char *localpart, const char *server_name, enum account_type *type)
{
    int64_t number = 0;
    enum err e = db_integer(db, sql_type, DB_ARGS(DB_T(localpart), DB_T(server_name)), &number);

    *type = (enum account_type)number;
    return e;
}

enum err accounts_insert(struct db *db, const struct account *account, const char *server_name,
                         const char *display_name)
{
    enum err e =
        db_run(db, sql_insert,
               DB_ARGS(DB_T(account->localpart), DB_T(server_name), DB_I(account->created_ts),
                       DB_T(account->password_hash), DB_I(account->deactivated), DB_I(account->type)),
               NULL);

    if (!e)
        e = profiles_put(db, account->localpart, server_name,
                         &(struct profile){.display_name = display_name});
    return e;
}

/* Runs an update of the account of the first two of `args`, localpart and server name. */
static enum err update(struct db *db, const char *sql, const struct db_value *args, size_t count)
{
    int64_t changes = 0;
    enum err e = db_run(db, sql, args, count, &changes);

    if (e)
        return e;
    return changes ? user_list_touch(db, args[0].bytes, args[1].bytes) : ERR_NOT_FOUND;
}

enum err accounts_set_password(struct db *db, const char *localpart, const char *server_name,
                               const char *hash)
{
    return update(db, sql_set_password, DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(hash)));
}

enum err accounts_set_type(struct db *db, const char *localpart, const char *server_name,
                           enum account_type type)
{
    return update(db, sql_set_type, DB_ARGS(DB_T(localpart), DB_T(server_name), DB_I(type)));
}

enum err accounts_deactivate(struct db *db, const char *localpart, const char *server_name)
{
    enum err e = update(db, sql_deactivate, DB_ARGS(DB_T(localpart), DB_T(server_name)));

    for (size_t i = 0; !e && i < sizeof sql_deactivate_more / sizeof sql_deactivate_more[0]; i++)
        e = db_run(db, sql_deactivate_more[i], DB_ARGS(DB_T(localpart), DB_T(server_name)), NULL);
    return e;
}

enum err accounts_reactivate(struct db *db, const char *localpart, const char *server_name)
{
    return update(db, sql_reactivate, DB_ARGS(DB_T(localpart), DB_T(server_name)));
}

enum err accounts_list(struct db *db, const char *server_name,
                       enum err (*each)(const struct account *account, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_ARGS(DB_T(server_name)), &stmt);

    while (db_next(stmt, &e)) {
        struct account account = account_of(stmt);

        e = each(&account, context);
    }
    db_done(&stmt);
    return e;
}

enum err profiles_find(struct db *db, const char *localpart, const char *server_name, struct arena *arena,
                       struct profile *profile)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_find_profile, DB_ARGS(DB_T(localpart), DB_T(server_name)), &stmt);

    if (!e) {
        profile->display_name = db_copy(stmt, 0, arena, &e);
        profile->avatar_url = db_copy(stmt, 1, arena, &e);
    }
    db_done(&stmt);
    return e;
}

enum err profiles_put(struct db *db, const char *localpart, const char *server_name,
                      const struct profile *profile)
{
    enum err e = db_run(
        db, sql_put_profile,
        DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(profile->display_name), DB_T(profile->avatar_url)),
        NULL);

    return e ? e : user_list_touch(db, localpart, server_name);
}
