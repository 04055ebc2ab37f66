/* SPDX-License-Identifier: ISC */
#include "store/account_data.h"
#include "store/sync.h"

static const char sql_put[] =
    "INSERT INTO userapi_account_datas (localpart, server_name, room_id, type, content)"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (localpart, server_name, room_id, type)"
    " DO UPDATE SET content = excluded.content";
static const char sql_put_type[] = "INSERT INTO syncapi_account_data_type (id, user_id, room_id, type)"
                                   " VALUES (?1, '@' || ?2 || ':' || ?3, ?4, ?5)"
                                   " ON CONFLICT (user_id, room_id, type) DO UPDATE SET id = excluded.id";

static const char sql_find[] = "SELECT content FROM userapi_account_datas WHERE localpart = ?1"
                               " AND server_name = ?2 AND room_id = ?3 AND type = ?4";
static const char sql_list[] = "SELECT COALESCE(room_id, ''), type, content FROM userapi_account_datas"
                               " WHERE localpart = ?1 AND server_name = ?2 ORDER BY room_id, type";

enum err account_data_list(struct db *db, const char *localpart, const char *server_name,
                           enum err (*each)(const struct account_data *data, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_ARGS(DB_T(localpart), DB_T(server_name)), &stmt);

    while (db_next(stmt, &e)) {
        const struct account_data data = {
            .localpart = localpart,
            .server_name = server_name,
            .room_id = db_text(stmt, 0),
            .type = db_text(stmt, 1),
            .content = db_text(stmt, 2),
        };

        e = each(&data, context);
    }
    db_done(&stmt);
    return e;
}

enum err account_data_find(struct db *db, const struct account_data *data, struct arena *arena,
                           const char **content)
{
    struct stmt *stmt;
    enum err e = db_first(
        db, sql_find,
        DB_ARGS(DB_T(data->localpart), DB_T(data->server_name), DB_T(data->room_id), DB_T(data->type)),
        &stmt);

    if (!e)
        *content = db_copy(stmt, 0, arena, &e);
    db_done(&stmt);
    return e;
}

enum err account_data_put(struct db *db, const struct account_data *data)
{
    int64_t position = 0;
    enum err e = db_run(db, sql_put,
                        DB_ARGS(DB_T(data->localpart), DB_T(data->server_name), DB_T(data->room_id),
                                DB_T(data->type), DB_BYTES(data->content)),
                        NULL);

    if (!e)
        e = sync_next(db, SYNC_ACCOUNT_DATA, &position);
    if (!e)
        e = db_run(db, sql_put_type,
                   DB_ARGS(DB_I(position), DB_T(data->localpart), DB_T(data->server_name),
                           DB_T(data->room_id), DB_T(data->type)),
                   NULL);
    return e;
}
