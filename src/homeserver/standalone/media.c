/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "homeserver/media.h"
#include "homeserver/media_upload.h"
#include "homeserver/standalone/standalone.h"
#include "store/media_marks.h"
#include "store/media_rows.h"

#define PIECE_SIZE   65536
#define USER_ID_SIZE 512 /* more than an id can have */
/* What Go's url.PathEscape leaves as it is, with which Dendrite writes the names of uploads. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~$&+=:@"

static enum err remove_row(struct homeserver *hs, const char *origin, const char *media_id)
{
    return media_rows_delete(hs->db, origin, media_id);
}

enum err standalone_delete_media(struct homeserver *hs, const struct media_deletion *deletion,
                                 struct arena *arena, struct id_list *deleted)
{
    return media_delete(hs, deletion, remove_row, arena, deleted);
}

/* Writes what comes, as long as it is no more than may come. */
static enum err receive(const struct upload *upload, struct media_upload *file)
{
    char piece[PIECE_SIZE];
    long size = 0;
    enum err e = ERR_OK;

    while (!e && (size = upload->read(upload->context, piece, sizeof piece)) > 0) {
        if (upload->size_max > 0 && file->size + size > upload->size_max)
            e = ERR_TOO_LARGE;
        else
            e = media_upload_add(file, piece, (size_t)size);
    }
    if (!e && size < 0)
        e = ERR_INVALID;
    return e ? e : media_upload_end(file);
}

/*
 * The row and the file, which comes to its place while nobody else can write: so a sweep that deletes or sets
 * aside the same content is before it, or after it and sees the row. What is in quarantine stays there. A
 * file whose row is not committed is left for `mxadmin media check`: another upload may count on it by then.
 */
static enum err store(struct homeserver *hs, const struct media *media, struct media_upload *file)
{
    enum media_fate fate = MEDIA_FATE_KEPT;
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    e = media_rows_add(hs->db, media);
    if (!e)
        e = media_work_fate(hs->db, media->hash, &fate);
    if (!e && fate == MEDIA_FATE_KEPT)
        e = media_upload_place(file);
    return db_end(hs->db, e);
}

static enum err add(struct homeserver *hs, const struct upload *upload, struct media_upload *file)
{
    const char *server_name = hs->config->server_name;
    char user_id[USER_ID_SIZE];
    struct buf name = {0};
    struct media media = {
        .media_id = upload->media_id,
        .origin = server_name,
        .user_id = user_id,
        .type = upload->type,
        .length = file->size,
        .created_ts = clock_now_ms(),
        .hash = file->hash,
    };
    enum err e;

    snprintf(user_id, sizeof user_id, "@%s:%s", upload->localpart, server_name);
    buf_put_percent(&name, upload->name, PLAIN);
    media.upload_name = name.length > 0 ? name.data : "";
    e = name.err ? name.err : store(hs, &media, file);
    buf_free(&name);
    return e;
}

enum err standalone_upload_media(struct homeserver *hs, const struct upload *upload)
{
    struct media_upload file = MEDIA_UPLOAD_NONE;
    enum err e = ERR_UNSUPPORTED;

    if (*hs->config->media_path)
        e = media_upload_begin(&file, hs->config->media_path);
    else
        homeserver_reason(hs, "There is no media store: media_path is not set");
    if (!e)
        e = receive(upload, &file);
    if (!e)
        e = add(hs, upload, &file);
    media_upload_close(&file);
    return e == ERR_DENIED || e == ERR_NOT_FOUND ? ERR_IO : e; /* the operator's fault, and in the log */
}
