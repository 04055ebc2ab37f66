/* SPDX-License-Identifier: ISC */
#include "store/collect.h"
#include "store/media_rows.h"

static const char sql_find[] =
    "SELECT t.media_id, t.media_origin, t.user_id, t.content_type, t.upload_name, t.file_size_bytes,"
    " t.creation_ts, t.base64hash, q.quarantined_by, p.media_id IS NOT NULL FROM mediaapi_media_repository t"
    " LEFT JOIN mxadmin_media_quarantine q ON q.base64hash = t.base64hash"
    " LEFT JOIN mxadmin_media_protection p ON p.media_id = t.media_id AND t.media_origin = ?1"
    " WHERE t.media_id = ?2 AND t.media_origin = ?3 AND NOT EXISTS (SELECT 1 FROM mxadmin_deferred w"
    " WHERE w.kind = 'delete_media' AND w.target = t.media_origin || '/' || t.media_id)";

static const char sql_add[] =
    "INSERT INTO mediaapi_media_repository (media_id, media_origin, content_type, file_size_bytes,"
    " creation_ts, upload_name, base64hash, user_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
static const char sql_add_to_list[] =
    "INSERT INTO mxadmin_media (media_id, media_origin, media_type, media_length, created_ts, upload_name,"
    " base64hash, user_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

static const char sql_delete_thumbnails[] =
    "DELETE FROM mediaapi_thumbnail WHERE media_id = ?1 AND media_origin = ?2";
static const char sql_delete[] =
    "DELETE FROM mediaapi_media_repository WHERE media_id = ?1 AND media_origin = ?2";

/* Of two as large, one that was made in the way that is wanted. */
static const char sql_thumbnail[] =
    "SELECT width, height, resize_method, content_type, file_size_bytes FROM mediaapi_thumbnail"
    " WHERE media_id = ?1 AND media_origin = ?2 AND width >= ?3 AND height >= ?4"
    " AND (resize_method = 'scale' OR ?5 = 'crop')"
    " ORDER BY width * height, resize_method <> ?5 LIMIT 1";

enum err media_rows_find(struct db *db, const char *server_name, const char *origin, const char *media_id,
                         struct arena *arena, struct media *media)
{
    struct list list = {.arena = arena, .item_size = sizeof *media};
    enum err e = collect(db, sql_find, DB_ARGS(DB_T(server_name), DB_T(media_id), DB_T(origin)), &list,
                         media_list_take);

    if (!e && list.count == 0)
        e = ERR_NOT_FOUND;
    if (!e)
        *media = *(const struct media *)list.items;
    return e;
}

enum err media_rows_add(struct db *db, const struct media *media)
{
    const struct db_value args[] = {
        DB_T(media->media_id),   DB_T(media->origin),      DB_T(media->type), DB_I(media->length),
        DB_I(media->created_ts), DB_T(media->upload_name), DB_T(media->hash), DB_T(media->user_id),
    };
    const size_t count = sizeof args / sizeof *args;
    enum err e = db_run(db, sql_add, args, count, NULL);

    return e ? e : db_run(db, sql_add_to_list, args, count, NULL);
}

enum err media_rows_delete(struct db *db, const char *origin, const char *media_id)
{
    enum err e = db_run(db, sql_delete_thumbnails, DB_ARGS(DB_T(media_id), DB_T(origin)), NULL);

    if (!e)
        e = db_run(db, sql_delete, DB_ARGS(DB_T(media_id), DB_T(origin)), NULL);
    return e;
}

static void take_thumbnail(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    *(struct thumbnail *)item = (struct thumbnail){
        .width = db_int(stmt, 0),
        .height = db_int(stmt, 1),
        .method = db_copy(stmt, 2, arena, e),
        .type = db_copy(stmt, 3, arena, e),
        .length = db_int(stmt, 4),
    };
}

enum err media_rows_thumbnail(struct db *db, const char *origin, const char *media_id,
                              const struct thumbnail *wanted, struct arena *arena, struct thumbnail *found)
{
    struct list list = {.arena = arena, .item_size = sizeof *found};
    enum err e = collect(db, sql_thumbnail,
                         DB_ARGS(DB_T(media_id), DB_T(origin), DB_I(wanted->width), DB_I(wanted->height),
                                 DB_T(wanted->method)),
                         &list, take_thumbnail);

    if (!e && list.count == 0)
        e = ERR_NOT_FOUND;
    if (!e)
        *found = *(const struct thumbnail *)list.items;
    return e;
}
