/* SPDX-License-Identifier: ISC */
/* How mxadmin_media follows the table that it is made from. */
#include <string.h>

#include "base/clock.h"
#include "store/collect.h"
#include "store/deferred.h"
#include "store/media_list.h"
#include "store/refreshes.h"

/* Whether the deletion of what has this id waits. */
#define WAITS(media_id, origin)                                                                              \
    "EXISTS (SELECT 1 FROM mxadmin_deferred w WHERE w.kind = 'delete_media' AND w.target = " origin          \
    " || '/' || " media_id ")"

#define SLICE      2000 /* ids that are compared at once; they are in an index */
#define SLICE_TEXT "2000"
static const char sql_truth[] = "SELECT media_id, media_origin FROM mediaapi_media_repository"
                                " WHERE (media_id, media_origin) > (?1, ?2)"
                                " ORDER BY media_id, media_origin LIMIT " SLICE_TEXT;
static const char sql_load[] =
    "SELECT user_id, content_type, upload_name, file_size_bytes, creation_ts, base64hash"
    " FROM mediaapi_media_repository WHERE media_id = ?1 AND media_origin = ?2 AND NOT " WAITS("?1", "?2");
static const char sql_kept[] = "SELECT media_id, media_origin FROM mxadmin_media"
                               " WHERE (media_id, media_origin) > (?1, ?2) AND (CAST(?3 AS TEXT) IS NULL"
                               " OR (media_id, media_origin) <= (?3, ?4)) ORDER BY media_id, media_origin";

/* A deletion may have begun to wait since the row was read. */
static const char sql_put[] =
    "INSERT INTO mxadmin_media (media_id, media_origin, user_id, media_type, upload_name, media_length,"
    " created_ts, base64hash) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8"
    " WHERE NOT " WAITS("?1", "?2") " ON CONFLICT (media_id, media_origin) DO NOTHING";
/* Its file may be one that was put into quarantine, and has been uploaded again since. */
static const char sql_look_again[] =
    "INSERT INTO mxadmin_media_work (base64hash, due_ts) SELECT base64hash, 0 FROM mxadmin_media_quarantine"
    " WHERE base64hash = ?1 ON CONFLICT (base64hash) DO NOTHING";

static const char sql_count_truth[] = "SELECT COUNT(*) FROM mediaapi_media_repository";
static const char sql_count_kept[] = "SELECT (SELECT COUNT(*) FROM mxadmin_media)"
                                     " + (SELECT COUNT(*) FROM mxadmin_deferred WHERE kind = 'delete_media')";

/* A row; what follows the id is read of those alone that are not kept. */
struct row {
    const char *media_id;
    const char *origin;
    bool loaded;
    bool none; /* it has gone, or its deletion waits */
    const char *user_id;
    const char *type;
    const char *upload_name;
    int64_t length;
    int64_t created_ts;
    const char *hash;
};

static void take_id(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct row *row = item;

    row->media_id = db_copy(stmt, 0, arena, e);
    row->origin = db_copy(stmt, 1, arena, e);
}

static enum err load(struct db *db, void *is, struct arena *arena)
{
    struct row *row = is;
    struct stmt *stmt;
    enum err e = db_query(db, sql_load, DB_ARGS(DB_T(row->media_id), DB_T(row->origin)), &stmt);

    row->loaded = true;
    row->none = true;
    while (db_next(stmt, &e)) {
        row->user_id = db_copy(stmt, 0, arena, &e);
        row->type = db_copy(stmt, 1, arena, &e);
        row->upload_name = db_copy(stmt, 2, arena, &e);
        row->length = db_int(stmt, 3);
        row->created_ts = db_int(stmt, 4);
        row->hash = db_copy(stmt, 5, arena, &e);
        row->none = false;
    }
    db_done(&stmt);
    return e;
}

static enum err put(struct db *db, const struct row *row)
{
    enum err e =
        db_run(db, sql_put,
               DB_ARGS(DB_T(row->media_id), DB_T(row->origin), DB_T(row->user_id), DB_T(row->type),
                       DB_T(row->upload_name), DB_I(row->length), DB_I(row->created_ts), DB_T(row->hash)),
               NULL);

    return e ? e : db_run(db, sql_look_again, DB_ARGS(DB_T(row->hash)), NULL);
}

static int order(const void *a, const void *b)
{
    const struct row *one = a, *other = b;
    int by_id = strcmp(one->media_id, other->media_id);

    return by_id ? by_id : strcmp(one->origin, other->origin);
}

/* A row never changes. */
static bool differs(const void *is, const void *was)
{
    const struct row *row = is;

    if (row && row->loaded && !was)
        return !row->none;
    return (is != NULL) != (was != NULL);
}

static enum err settle(struct db *db, const void *is, const void *was)
{
    const struct row *gone = was;

    return gone ? media_list_remove(db, gone->origin, gone->media_id) : put(db, is);
}

static enum err read_slice(struct db *db, const struct refresh *refresh, const void *after,
                           struct list *truth, struct list *kept)
{
    const struct row first = {.media_id = "", .origin = ""}, none = {0};
    const struct row *from = after ? after : &first, *end;
    const size_t before = truth->count;
    enum err e = collect(db, sql_truth, DB_ARGS(DB_T(from->media_id), DB_T(from->origin)), truth, take_id);

    end = refreshes_end(refresh, truth, truth->count - before);
    if (!end)
        end = &none;
    if (e)
        return e;
    return collect(db, sql_kept,
                   DB_ARGS(DB_T(from->media_id), DB_T(from->origin), DB_T(end->media_id), DB_T(end->origin)),
                   kept, take_id);
}

static const struct refresh refresh = {
    .name = REFRESHES_MEDIA,
    .row_size = sizeof(struct row),
    .slice = SLICE,
    .read = read_slice,
    .order = order,
    .differs = differs,
    .load = load,
    .settle = settle,
};

/* Whether there are as many as are kept: a look along one index of each. */
static enum err is_complete(struct db *db, bool *complete)
{
    int64_t truth = 0, kept = 0;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = db_integer(db, sql_count_truth, DB_NO_ARGS, &truth);
    if (!e)
        e = db_integer(db, sql_count_kept, DB_NO_ARGS, &kept);
    *complete = truth == kept;
    return db_end(db, e);
}

enum err media_list_refresh(struct db *db)
{
    bool complete = false;
    enum err e = is_complete(db, &complete);

    return e || complete ? e : refreshes_run(db, &refresh);
}

enum err media_list_refresh_for(struct db *db, int64_t ms, bool *over)
{
    bool begun = false, stopped = false, due = true, complete = false;
    enum err e = refreshes_begun(db, REFRESHES_MEDIA, &begun);

    *over = true;
    if (!e)
        e = refreshes_stopped(db, REFRESHES_MEDIA, &stopped);
    if (!e && begun && !stopped) {
        e = refreshes_due(db, REFRESHES_MEDIA, clock_now_ms(), &due);
        if (!e && due)
            e = is_complete(db, &complete);
    }
    return e || !due || complete ? e : refreshes_run_for(db, &refresh, ms, over);
}
