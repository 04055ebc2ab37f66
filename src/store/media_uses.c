/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "matrix/media_uri.h"
#include "store/media_uses.h"
#include "store/sql_json.h"

#define SLICE      500 /* rows that one statement looks at */
#define SLICE_TEXT "500"

/* The last of the slice before is ?1 and ?2. */
static const char sql_profiles[] = "SELECT localpart, server_name, avatar_url FROM userapi_profiles"
                                   " WHERE (localpart, server_name) > (?1, ?2)"
                                   " ORDER BY localpart, server_name LIMIT " SLICE_TEXT;
#define AVATAR SQL_MEMBER("s.headered_event_json", "$.content.url")
static const char sql_rooms[] =
    "SELECT r.room_id, '', " AVATAR " FROM roomserver_rooms r"
    " LEFT JOIN syncapi_current_room_state s ON s.room_id = r.room_id"
    " AND s.type = 'm.room.avatar' AND s.state_key = '' WHERE r.room_id > ?1 AND ?2 = ''"
    " ORDER BY r.room_id LIMIT " SLICE_TEXT;

/* An event counts for the slice whether it names media or not, so that none takes longer than another. */
#define NAMED(path)   "CASE WHEN contains_url THEN " SQL_MEMBER("headered_event_json", path) " END"
#define FILE_URI      NAMED("$.content.url")
#define THUMBNAIL_URI NAMED("$.content.info.thumbnail_url")
static const char sql_messages[] =
    "SELECT id, " FILE_URI ", " THUMBNAIL_URI " FROM syncapi_output_room_events"
    " WHERE room_id = ?1 AND id > ?2 ORDER BY id LIMIT " SLICE_TEXT;

/* What a slice ended with. */
struct mark {
    const char *key[2];
    size_t rows;
};

static enum err add_avatar(struct stmt *stmt, struct list *uris)
{
    struct media_uri uri;
    const char *text = db_text(stmt, 2), **item;
    enum err e = ERR_OK;

    if (!text || !media_uri_parse(text, &uri))
        return ERR_OK;
    item = list_add(uris);
    if (!item)
        return ERR_NOMEM;
    *item = db_copy(stmt, 2, uris->arena, &e);
    return e;
}

static enum err read_slice(struct db *db, const char *sql, struct list *uris, struct mark *mark)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, DB_ARGS(DB_T(mark->key[0]), DB_T(mark->key[1])), &stmt);

    mark->rows = 0;
    while (db_next(stmt, &e)) {
        e = add_avatar(stmt, uris);
        if (!e && ++mark->rows == SLICE) {
            mark->key[0] = db_copy(stmt, 0, uris->arena, &e);
            mark->key[1] = db_copy(stmt, 1, uris->arena, &e);
        }
    }
    db_done(&stmt);
    return e;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err media_uses_avatars(struct db *db, struct arena *arena, struct media_avatars *avatars)
{
    static const char *const sources[] = {sql_profiles, sql_rooms};
    struct list uris = {.arena = arena, .item_size = sizeof(const char *)};
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct mark mark = {.key = {"", ""}, .rows = SLICE};

        while (!e && mark.rows == SLICE)
            e = read_slice(db, sources[i], &uris, &mark);
    }
    *avatars = (struct media_avatars){.uris = uris.items, .count = uris.count};
    if (!e && uris.count > 0)
        qsort(avatars->uris, avatars->count, sizeof *avatars->uris, compare);
    return e;
}

bool media_avatars_have(const struct media_avatars *avatars, const char *origin, const char *media_id)
{
    char uri[2 * ID_SIZE + 8];
    const char *key = uri;

    snprintf(uri, sizeof uri, "mxc://%s/%s", origin, media_id);
    return avatars->count > 0 &&
           bsearch(&key, avatars->uris, avatars->count, sizeof *avatars->uris, compare) != NULL;
}

/* Hands over what a slice of messages names; `*after` becomes the last of them. */
static enum err read_messages(struct db *db, const char *room_id, int64_t *after, size_t *rows,
                              enum err (*each)(const char *uri, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_messages, DB_ARGS(DB_T(room_id), DB_I(*after)), &stmt);

    *rows = 0;
    while (db_next(stmt, &e)) {
        for (int column = 1; !e && column <= 2; column++) {
            const char *uri = db_text(stmt, column);
            struct media_uri parts;

            if (uri && media_uri_parse(uri, &parts))
                e = each(uri, context);
        }
        *after = db_int(stmt, 0);
        ++*rows;
    }
    db_done(&stmt);
    return e;
}

enum err media_uses_room(struct db *db, const char *room_id, enum err (*each)(const char *uri, void *context),
                         void *context)
{
    int64_t after = 0;
    size_t rows = SLICE;
    enum err e = ERR_OK;

    while (!e && rows == SLICE)
        e = read_messages(db, room_id, &after, &rows, each, context);
    return e;
}
