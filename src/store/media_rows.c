/* SPDX-License-Identifier: ISC */
#include "store/media_rows.h"

static const char sql_delete_thumbnails[] =
    "DELETE FROM mediaapi_thumbnail WHERE media_id = ?1 AND media_origin = ?2";
static const char sql_delete[] =
    "DELETE FROM mediaapi_media_repository WHERE media_id = ?1 AND media_origin = ?2";

enum err media_rows_delete(struct db *db, const char *origin, const char *media_id)
{
    enum err e = db_run(db, sql_delete_thumbnails, DB_ARGS(DB_T(media_id), DB_T(origin)), NULL);

    if (!e)
        e = db_run(db, sql_delete, DB_ARGS(DB_T(media_id), DB_T(origin)), NULL);
    return e;
}
