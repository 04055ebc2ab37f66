/* SPDX-License-Identifier: ISC */
#include <stddef.h>

#include "store/deferred.h"
#include "store/devices.h"
#include "store/user_list.h"

/* Dendrite gives the user of an application service a device with an empty token, which is none. */

/* One statement, seven look-ups by primary key or unique index: it runs for every request. */
static const char sql_find_token[] =
    "SELECT d.localpart, d.device_id, " DEFERRED_TYPE ", COALESCE(d.last_seen_ts, 0), a.account_type,"
    " COALESCE(s.locked, 0), p.device_id IS NOT NULL, COALESCE(p.valid_until_ts, 0), COALESCE(s.suspended, 0)"
    " FROM userapi_devices d JOIN userapi_accounts a ON a.localpart = d.localpart"
    " AND a.server_name = d.server_name" DEFERRED_JOIN
    " LEFT JOIN mxadmin_user_states s ON s.localpart = d.localpart"
    " LEFT JOIN mxadmin_puppets p ON p.localpart = d.localpart AND p.device_id = d.device_id"
    " WHERE d.access_token = ?1 AND d.access_token <> '' AND d.server_name = ?2 AND d.device_id IS NOT NULL"
    " AND NOT a.is_deactivated";
static const char sql_list[] =
    "SELECT device_id, display_name, COALESCE(last_seen_ts, 0), COALESCE(ip, ''), COALESCE(user_agent, '')"
    " FROM userapi_devices WHERE localpart = ?1 AND server_name = ?2 AND device_id IS NOT NULL"
    " ORDER BY last_seen_ts DESC, device_id";

static const char sql_exists[] =
    "SELECT COUNT(*) FROM userapi_devices WHERE localpart = ?1 AND server_name = ?2 AND device_id = ?3";
static const char sql_rename[] = "UPDATE userapi_devices SET display_name = ?4"
                                 " WHERE localpart = ?1 AND server_name = ?2 AND device_id = ?3";

static const char sql_token[] =
    "SELECT access_token FROM userapi_devices WHERE localpart = ?1 AND server_name = ?2"
    " AND device_id = COALESCE(?3, device_id) AND access_token <> ''"
    " ORDER BY COALESCE(created_ts, 0), device_id LIMIT 1";
static const char sql_session[] = "SELECT session_id FROM userapi_devices WHERE access_token = ?1";
static const char sql_next_session[] = "SELECT COALESCE(MAX(session_id), 0) + 1 FROM userapi_devices";
/*
 * The token, the session and all that is known of the client are new, as if the row were: only the name
 * stays, unless there is another.
 */
static const char sql_put[] =
    "INSERT INTO userapi_devices (access_token, session_id, device_id, localpart, server_name, created_ts,"
    " display_name, last_seen_ts, ip, user_agent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?6, ?8, ?9)"
    " ON CONFLICT (localpart, device_id) DO UPDATE SET access_token = excluded.access_token,"
    " session_id = excluded.session_id, server_name = excluded.server_name, created_ts = excluded.created_ts,"
    " display_name = COALESCE(excluded.display_name, userapi_devices.display_name),"
    " last_seen_ts = excluded.last_seen_ts, ip = excluded.ip, user_agent = excluded.user_agent";

/* A pusher belongs to the session that set it; without this it would go on sending after a sign-out. */
static const char sql_delete_pushers[] =
    "DELETE FROM userapi_pushers WHERE localpart = ?1 AND server_name = ?2 AND session_id IN"
    " (SELECT session_id FROM userapi_devices WHERE localpart = ?1 AND server_name = ?2 AND device_id = ?3)";
static const char sql_delete[] =
    "DELETE FROM userapi_devices WHERE localpart = ?1 AND server_name = ?2 AND device_id = ?3";
static const char sql_delete_all_pushers[] =
    "DELETE FROM userapi_pushers WHERE localpart = ?1 AND server_name = ?2 AND NOT EXISTS"
    " (SELECT 1 FROM userapi_devices d WHERE d.access_token = ?3 AND d.localpart = userapi_pushers.localpart"
    " AND d.session_id = userapi_pushers.session_id)";
static const char sql_delete_all[] = "DELETE FROM userapi_devices WHERE localpart = ?1 AND server_name = ?2 "
                                     "AND access_token <> COALESCE(?3, '')";

/* A later sight by another worker is not undone. */
static const char sql_seen[] =
    "UPDATE userapi_devices SET last_seen_ts = ?4, ip = ?5, user_agent = ?6"
    " WHERE localpart = ?1 AND server_name = ?2 AND device_id = ?3 AND COALESCE(last_seen_ts, 0) < ?4";

enum err devices_find_token(struct db *db, const char *token, const char *server_name, struct arena *arena,
                            struct token_owner *owner)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_find_token, DB_ARGS(DB_T(token), DB_T(server_name)), &stmt);

    if (!e) {
        owner->localpart = db_copy(stmt, 0, arena, &e);
        owner->device_id = db_copy(stmt, 1, arena, &e);
        owner->type = (enum account_type)db_int(stmt, 2);
        owner->last_seen_ts = db_int(stmt, 3);
        owner->own_type = (enum account_type)db_int(stmt, 4);
        owner->locked = db_int(stmt, 5) != 0;
        owner->puppet = db_int(stmt, 6) != 0;
        owner->valid_until_ts = db_int(stmt, 7);
        owner->suspended = db_int(stmt, 8) != 0;
    }
    db_done(&stmt);
    return e;
}

enum err devices_token(struct db *db, const char *localpart, const char *server_name, const char *device_id,
                       struct arena *arena, const char **token)
{
    return db_string(db, sql_token, DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(device_id)), arena,
                     token);
}

enum err devices_session(struct db *db, const char *token, int64_t *session_id)
{
    return db_integer(db, sql_session, DB_ARGS(DB_T(token)), session_id);
}

enum err devices_put(struct db *db, const char *localpart, const char *server_name, const char *token,
                     const struct device *device)
{
    int64_t session_id = 0;
    enum err e = db_run(db, sql_delete_pushers,
                        DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(device->device_id)), NULL);

    if (!e)
        e = db_integer(db, sql_next_session, DB_NO_ARGS, &session_id);
    if (!e)
        e = db_run(db, sql_put,
                   DB_ARGS(DB_T(token), DB_I(session_id), DB_T(device->device_id), DB_T(localpart),
                           DB_T(server_name), DB_I(device->last_seen_ts), DB_T(device->display_name),
                           DB_T(device->address), DB_T(device->user_agent)),
                   NULL);
    return e ? e : user_list_touch(db, localpart, server_name);
}

enum err devices_delete(struct db *db, const char *localpart, const char *server_name, const char *device_id)
{
    int64_t changes = 0;
    enum err e =
        db_run(db, sql_delete_pushers, DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(device_id)), NULL);

    if (!e)
        e = db_run(db, sql_delete, DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(device_id)), &changes);
    if (e)
        return e;
    return changes ? user_list_touch(db, localpart, server_name) : ERR_NOT_FOUND;
}

enum err devices_delete_all(struct db *db, const char *localpart, const char *server_name,
                            const char *except_token)
{
    enum err e = db_run(db, sql_delete_all_pushers,
                        DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(except_token)), NULL);

    if (!e)
        e = db_run(db, sql_delete_all, DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(except_token)), NULL);
    return e ? e : user_list_touch(db, localpart, server_name);
}

enum err devices_seen(struct db *db, const char *localpart, const char *server_name,
                      const struct device *device)
{
    enum err e = db_run(db, sql_seen,
                        DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(device->device_id),
                                DB_I(device->last_seen_ts), DB_T(device->address), DB_T(device->user_agent)),
                        NULL);

    return e ? e : user_list_touch(db, localpart, server_name);
}

enum err devices_exists(struct db *db, const char *localpart, const char *server_name, const char *device_id,
                        bool *exists)
{
    int64_t count = 0;
    enum err e =
        db_integer(db, sql_exists, DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(device_id)), &count);

    *exists = count > 0;
    return e;
}

enum err devices_rename(struct db *db, const char *localpart, const char *server_name, const char *device_id,
                        const char *display_name)
{
    int64_t changes = 0;
    enum err e =
        db_run(db, sql_rename,
               DB_ARGS(DB_T(localpart), DB_T(server_name), DB_T(device_id), DB_T(display_name)), &changes);

    return e || changes ? e : ERR_NOT_FOUND;
}

enum err devices_list(struct db *db, const char *localpart, const char *server_name,
                      enum err (*each)(const struct device *device, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_ARGS(DB_T(localpart), DB_T(server_name)), &stmt);

    while (db_next(stmt, &e)) {
        const struct device device = {
            .device_id = db_text(stmt, 0),
            .display_name = db_text(stmt, 1),
            .last_seen_ts = db_int(stmt, 2),
            .address = db_text(stmt, 3),
            .user_agent = db_text(stmt, 4),
        };

        e = each(&device, context);
    }
    db_done(&stmt);
    return e;
}
