/* SPDX-License-Identifier: ISC */
#include "store/pushers.h"

static const char sql_list[] =
    "SELECT p.pushkey, p.kind, p.app_id, p.app_display_name, p.device_display_name, d.device_id,"
    " p.profile_tag, p.lang, p.data FROM userapi_pushers p"
    " LEFT JOIN userapi_devices d ON d.localpart = p.localpart AND d.server_name = p.server_name"
    " AND d.session_id = p.session_id"
    " WHERE p.localpart = ?1 AND p.server_name = ?2 ORDER BY p.id";

enum err pushers_list(struct db *db, const char *localpart, const char *server_name,
                      enum err (*each)(const struct pusher *pusher, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_ARGS(DB_T(localpart), DB_T(server_name)), &stmt);

    while (db_next(stmt, &e)) {
        const struct pusher pusher = {
            .pushkey = db_text(stmt, 0),
            .kind = db_text(stmt, 1),
            .app_id = db_text(stmt, 2),
            .app_display_name = db_text(stmt, 3),
            .device_display_name = db_text(stmt, 4),
            .device_id = db_text(stmt, 5),
            .profile_tag = db_text(stmt, 6),
            .lang = db_text(stmt, 7),
            .data = db_text(stmt, 8),
        };

        e = each(&pusher, context);
    }
    db_done(&stmt);
    return e;
}
