/* SPDX-License-Identifier: ISC */
/* mediaapi_media_repository and mediaapi_thumbnail: what Dendrite knows of the files in its media store. */
#ifndef STORE_MEDIA_ROWS_H
#define STORE_MEDIA_ROWS_H

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"
#include "store/media_list.h"

/* One of them, as it is now; ERR_NOT_FOUND: there is none, or its deletion waits. In the transaction that is
 * open, or none, as all that read here. */
MUST_CHECK enum err media_rows_find(struct db *db, const char *server_name, const char *origin,
                                    const char *media_id, struct arena *arena, struct media *media);

/* Adds one of our own server, in the list of media as well, so that nothing of it has to be compared. In the
 * transaction that is open. ERR_EXISTS: the media id is taken. */
MUST_CHECK enum err media_rows_add(struct db *db, const struct media *media);

/* Removes the rows of a file and of its thumbnails; that there are none is fine. In the transaction that is
 * open. */
MUST_CHECK enum err media_rows_delete(struct db *db, const char *origin, const char *media_id);

/* A thumbnail, whose file is beside that of what it shows. */
struct thumbnail {
    int64_t width, height;
    const char *method; /* "crop" or "scale" */
    const char *type;
    int64_t length; /* bytes */
};

/*
 * The smallest thumbnail that is no smaller than `wanted` in any direction; to what is to be scaled only one
 * that was. ERR_NOT_FOUND.
 */
MUST_CHECK enum err media_rows_thumbnail(struct db *db, const char *origin, const char *media_id,
                                         const struct thumbnail *wanted, struct arena *arena,
                                         struct thumbnail *found);

#endif
