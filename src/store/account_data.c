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
