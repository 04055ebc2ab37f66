/* SPDX-License-Identifier: ISC */
#include "store/media_list.h"

/* Every statement has our server's name as ?1. */
#define ROWS                                                                                                 \
    "SELECT m.media_id, m.media_origin, m.user_id, m.media_type, m.upload_name, m.media_length,"             \
    " m.created_ts, m.base64hash, q.quarantined_by, p.media_id IS NOT NULL FROM mxadmin_media m"             \
    " LEFT JOIN mxadmin_media_quarantine q ON q.base64hash = m.base64hash"                                   \
    " LEFT JOIN mxadmin_media_protection p ON p.media_id = m.media_id AND m.media_origin = ?1"
#define PAGE(order) ROWS " WHERE m.user_id = ?2 ORDER BY " order "m.media_id LIMIT ?4 OFFSET ?3"
#define PAGES(order)                                                                                         \
    {                                                                                                        \
        PAGE(order ", "), PAGE(order " DESC, ")                                                              \
    }

/* Forwards and backwards. The order of creation, which is the usual one, has indexes. */
static const char *const sql_pages[][2] = {
    [MEDIA_ORDER_ID] = {PAGE(""), PAGE("m.media_id DESC, ")},
    [MEDIA_ORDER_UPLOAD_NAME] = PAGES("m.upload_name"),
    [MEDIA_ORDER_CREATED] = PAGES("m.created_ts"),
    [MEDIA_ORDER_LAST_ACCESS] = {PAGE(""), PAGE("")},
    [MEDIA_ORDER_LENGTH] = PAGES("m.media_length"),
    [MEDIA_ORDER_TYPE] = PAGES("m.media_type"),
    [MEDIA_ORDER_QUARANTINED_BY] = PAGES("q.quarantined_by"),
    [MEDIA_ORDER_PROTECTED] = PAGES("(p.media_id IS NOT NULL)"),
};
_Static_assert(sizeof sql_pages / sizeof *sql_pages == MEDIA_ORDER__MAX, "every order has its statements");

static const char sql_total[] =
    "SELECT COALESCE(SUM(media_count), 0) FROM mxadmin_media_users WHERE user_id = ?1";
static const char sql_find[] = ROWS " WHERE m.media_id = ?2 AND m.media_origin = ?3";
static const char sql_sharing[] = ROWS " WHERE m.base64hash = ?2 ORDER BY m.media_id, m.media_origin";
static const char sql_old[] =
    ROWS " WHERE m.created_ts < ?2 AND m.media_length > ?3 AND (m.media_origin <> ?1) = ?4"
         " AND q.base64hash IS NULL AND p.media_id IS NULL"
         " AND (m.created_ts, m.media_id, m.media_origin) > (?5, ?6, ?7)"
         " ORDER BY m.created_ts, m.media_id, m.media_origin LIMIT ?8";
static const char sql_slice[] =
    ROWS " WHERE (m.media_id, m.media_origin) > (?2, ?3) ORDER BY m.media_id, m.media_origin LIMIT ?4";
static const char sql_delete[] = "DELETE FROM mxadmin_media WHERE media_id = ?1 AND media_origin = ?2";

#define SLICE     500
#define SIZE_NONE INT64_MIN /* less than any size, known or not */

void media_list_take(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct media *media = item;

    *media = (struct media){
        .media_id = db_copy(stmt, 0, arena, e),
        .origin = db_copy(stmt, 1, arena, e),
        .user_id = db_copy(stmt, 2, arena, e),
        .type = db_copy(stmt, 3, arena, e),
        .upload_name = db_copy(stmt, 4, arena, e),
        .length = db_int(stmt, 5),
        .created_ts = db_int(stmt, 6),
        .hash = db_copy(stmt, 7, arena, e),
        .quarantined_by = db_copy(stmt, 8, arena, e),
        .protected = db_int(stmt, 9) != 0,
    };
}

static enum err read_media(struct db *db, const char *sql, const struct db_value *args, size_t count,
                           struct arena *arena, struct media_rows *rows)
{
    struct list list = {.arena = arena, .item_size = sizeof(struct media)};
    enum err e = collect(db, sql, args, count, &list, media_list_take);

    *rows = (struct media_rows){.items = list.items, .count = list.count};
    return e;
}

enum err media_list_page(struct db *db, const char *server_name, const char *user_id,
                         const struct media_page *page, struct arena *arena, struct media_rows *rows,
                         int64_t *total)
{
    enum err e = db_integer(db, sql_total, DB_ARGS(DB_T(user_id)), total);

    if (e)
        return e;
    return read_media(db, sql_pages[page->order][page->backwards],
                      DB_ARGS(DB_T(server_name), DB_T(user_id), DB_I(page->from), DB_I(page->limit)), arena,
                      rows);
}

enum err media_list_find(struct db *db, const char *server_name, const char *origin, const char *media_id,
                         struct arena *arena, struct media *media)
{
    struct media_rows rows;
    enum err e =
        read_media(db, sql_find, DB_ARGS(DB_T(server_name), DB_T(media_id), DB_T(origin)), arena, &rows);

    if (!e && rows.count == 0)
        e = ERR_NOT_FOUND;
    if (!e)
        *media = rows.items[0];
    return e;
}

enum err media_list_sharing(struct db *db, const char *server_name, const char *hash, struct arena *arena,
                            struct media_rows *rows)
{
    return read_media(db, sql_sharing, DB_ARGS(DB_T(server_name), DB_T(hash)), arena, rows);
}

enum err media_list_old(struct db *db, const char *server_name, const struct media_wish *wish,
                        struct arena *arena, struct media_rows *rows)
{
    static const struct media first = {.created_ts = INT64_MIN, .media_id = "", .origin = ""};
    const struct media *after = wish->after ? wish->after : &first;

    return read_media(db, sql_old,
                      DB_ARGS(DB_T(server_name), DB_I(wish->before_ts),
                              DB_I(wish->larger_than < 0 ? SIZE_NONE : wish->larger_than), DB_I(wish->remote),
                              DB_I(after->created_ts), DB_T(after->media_id), DB_T(after->origin),
                              DB_I(wish->limit > 0 ? wish->limit : INT64_MAX)),
                      arena, rows);
}

enum err media_list_each(struct db *db, const char *server_name,
                         enum err (*each)(const struct media *media, void *context), void *context)
{
    struct arena *arena = arena_new(), *next = arena_new(), *spent;
    struct media_rows rows = {.count = SLICE};
    const char *media_id = "", *origin = "";
    enum err e = arena && next ? ERR_OK : ERR_NOMEM;

    while (!e && rows.count == SLICE) { /* where the last slice ended are texts of its arena */
        e = read_media(db, sql_slice, DB_ARGS(DB_T(server_name), DB_T(media_id), DB_T(origin), DB_I(SLICE)),
                       next, &rows);
        for (size_t i = 0; !e && i < rows.count; i++)
            e = each(&rows.items[i], context);
        if (!e && rows.count > 0) {
            media_id = rows.items[rows.count - 1].media_id;
            origin = rows.items[rows.count - 1].origin;
        }
        spent = arena;
        arena = next;
        next = spent;
        if (next)
            arena_reset(next);
    }
    arena_free(&arena);
    arena_free(&next);
    return e;
}

enum err media_list_remove(struct db *db, const char *origin, const char *media_id)
{
    return db_run(db, sql_delete, DB_ARGS(DB_T(media_id), DB_T(origin)), NULL);
}
