/* SPDX-License-Identifier: ISC */
/* How mxadmin_media follows the table that it is made from. */
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "store/deferred.h"
#include "store/media_list.h"
#include "store/refreshes.h"

/* Whether the deletion of what has this id waits. */
#define WAITS(media_id, origin)                                                                              \
    "EXISTS (SELECT 1 FROM mxadmin_deferred w WHERE w.kind = 'delete_media' AND w.target = " origin          \
    " || '/' || " media_id ")"

#define SLICE      500 /* rows that one transaction looks at: some ms */
#define SLICE_TEXT "500"
static const char sql_truth[] =
    "SELECT t.media_id, t.media_origin, t.user_id, t.content_type, t.upload_name, t.file_size_bytes,"
    " t.creation_ts, t.base64hash, " WAITS(
        "t.media_id",
        "t.media_origin") " FROM mediaapi_media_repository t WHERE (t.media_id, t.media_origin) > (?1, ?2)"
                          " ORDER BY t.media_id, t.media_origin LIMIT " SLICE_TEXT;
static const char sql_kept[] = "SELECT media_id, media_origin FROM mxadmin_media"
                               " WHERE (media_id, media_origin) > (?1, ?2) AND (CAST(?3 AS TEXT) IS NULL"
                               " OR (media_id, media_origin) <= (?3, ?4)) ORDER BY media_id, media_origin";

/* A deletion may have begun to wait since the row was read. */
static const char sql_put[] =
    "INSERT INTO mxadmin_media (media_id, media_origin, user_id, media_type, upload_name, media_length,"
    " created_ts, base64hash) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT " WAITS(
        "?1", "?2") " ON CONFLICT (media_id, media_origin) DO NOTHING";
/* Its file may be one that was put into quarantine, and has been uploaded again since. */
static const char sql_look_again[] =
    "INSERT INTO mxadmin_media_work (base64hash, due_ts) SELECT base64hash, 0 FROM mxadmin_media_quarantine"
    " WHERE base64hash = ?1 ON CONFLICT (base64hash) DO NOTHING";

static const char sql_count_truth[] = "SELECT COUNT(*) FROM mediaapi_media_repository";
static const char sql_count_kept[] = "SELECT (SELECT COUNT(*) FROM mxadmin_media)"
                                     " + (SELECT COUNT(*) FROM mxadmin_deferred WHERE kind = 'delete_media')";

/* A row; of one that is kept only its id is read. */
struct row {
    const char *media_id;
    const char *origin;
    const char *user_id;
    const char *type;
    const char *upload_name;
    int64_t length;
    int64_t created_ts;
    const char *hash;
    bool waits;
};

static void take_id(struct stmt *stmt, struct row *row, struct arena *arena, enum err *e)
{
    row->media_id = db_copy(stmt, 0, arena, e);
    row->origin = db_copy(stmt, 1, arena, e);
}

static void take_all(struct stmt *stmt, struct row *row, struct arena *arena, enum err *e)
{
    take_id(stmt, row, arena, e);
    row->user_id = db_copy(stmt, 2, arena, e);
    row->type = db_copy(stmt, 3, arena, e);
    row->upload_name = db_copy(stmt, 4, arena, e);
    row->length = db_int(stmt, 5);
    row->created_ts = db_int(stmt, 6);
    row->hash = db_copy(stmt, 7, arena, e);
    row->waits = db_int(stmt, 8) != 0;
}

static enum err read_rows(struct db *db, const char *sql, const struct db_value *args, size_t count,
                          void (*take)(struct stmt *, struct row *, struct arena *, enum err *),
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
        if (row)
            take(stmt, row, rows->arena, &e);
        else
            e = ERR_NOMEM;
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

/* The order of ids. */
static int compare(const struct row *a, const struct row *b)
{
    int order = strcmp(a->media_id, b->media_id);

    return order ? order : strcmp(a->origin, b->origin);
}

/*
 * Goes through what is and what is kept, both in the order of ids; a row never changes. With `write` it makes
 * them the same, else it only counts the differences.
 */
static enum err merge(struct db *db, const struct list *truth, const struct list *kept, bool write,
                      size_t *differences)
{
    const struct row *is = truth->items, *was = kept->items;
    size_t i = 0, j = 0;
    enum err e = ERR_OK;

    *differences = 0;
    while (!e && (i < truth->count || j < kept->count)) {
        int order = i == truth->count ? 1 : j == kept->count ? -1 : compare(&is[i], &was[j]);
        bool there = order <= 0 && !is[i].waits, has = order >= 0;

        *differences += there != has;
        if (write && there && !has)
            e = put(db, &is[i]);
        else if (write && has && !there)
            e = media_list_remove(db, was[j].origin, was[j].media_id);
        i += order <= 0;
        j += order >= 0;
    }
    return e;
}

/* What is, and what is kept, of the rows after `after`; `*last`: there are no more. */
static enum err read_slice(struct db *db, const struct row *after, struct list *truth, struct list *kept,
                           bool *last)
{
    const struct row *end = &(struct row){0};
    enum err e =
        read_rows(db, sql_truth, DB_ARGS(DB_T(after->media_id), DB_T(after->origin)), take_all, truth);

    *last = truth->count < SLICE;
    if (!e && !*last)
        end = (const struct row *)truth->items + truth->count - 1;
    if (!e)
        e = read_rows(
            db, sql_kept,
            DB_ARGS(DB_T(after->media_id), DB_T(after->origin), DB_T(end->media_id), DB_T(end->origin)),
            take_id, kept);
    return e;
}

/* Brings the rows after `*after` up to date, as many as one slice has; `*after` becomes the last of them. For
 * the transactions, see the same of users. */
static enum err refresh_slice(struct db *db, struct arena *arena, struct row *after, bool *last)
{
    const bool apart = db_attached(db);
    struct list truth = {.arena = arena, .item_size = sizeof(struct row)}, kept = truth;
    size_t differences = 0;
    enum err e = db_begin(db, apart ? DB_READ : DB_NOTE);

    if (e)
        return e;
    e = read_slice(db, after, &truth, &kept, last);
    if (!e)
        e = merge(db, &truth, &kept, !apart, &differences);
    e = db_end(db, e);
    if (!e && truth.count > 0)
        *after = ((const struct row *)truth.items)[truth.count - 1];
    if (e || !apart || differences == 0)
        return e;
    e = db_begin(db, DB_NOTE);
    return e ? e : db_end(db, merge(db, &truth, &kept, true, &differences));
}

static enum err refresh_all(struct db *db)
{
    struct arena *arena = arena_new(), *next = arena_new(), *spent;
    struct row after = {.media_id = "", .origin = ""};
    bool last = false;
    enum err e = arena && next ? ERR_OK : ERR_NOMEM;

    while (!e && !last) { /* where the last slice ended are texts of its arena */
        e = refresh_slice(db, next, &after, &last);
        spent = arena;
        arena = next;
        next = spent;
        arena_reset(next);
    }
    arena_free(&arena);
    arena_free(&next);
    return e;
}

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

enum err media_list_refresh(struct db *db, enum media_refresh when)
{
    int64_t now = clock_now_ms(), began = clock_monotonic_ms();
    bool begun = false, due = true, complete = false;
    enum err e = refreshes_begun(db, REFRESHES_MEDIA, &begun);

    if (!e && begun && when == MEDIA_REFRESH_IF_DUE)
        e = refreshes_due(db, REFRESHES_MEDIA, now, &due);
    if (e || !due || (begun && when == MEDIA_REFRESH_NEVER_DONE))
        return e;
    if (begun)
        e = is_complete(db, &complete);
    if (e || complete)
        return e;
    e = refresh_all(db);
    if (!e)
        e = db_begin(db, DB_NOTE);
    if (e)
        return e;
    return db_end(db, refreshes_done(db, REFRESHES_MEDIA, now, clock_monotonic_ms() - began));
}
