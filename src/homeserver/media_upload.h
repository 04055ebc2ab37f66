/* SPDX-License-Identifier: ISC */
/*
 * A file on its way into the media store: it is written to mxadmin/upload while it comes, whoever may read
 * the store finds all of it or nothing, and what a crash leaves there is deleted after a day.
 */
#ifndef HOMESERVER_MEDIA_UPLOAD_H
#define HOMESERVER_MEDIA_UPLOAD_H

#include <stdint.h>

#include "base/err.h"
#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "homeserver/media_files.h"

/* Initialise with MEDIA_UPLOAD_NONE. */
struct media_upload {
    struct media_files files;
    int folder; /* mxadmin/upload */
    int file;
    char name[RANDOM_TOKEN_SIZE]; /* of the file in that folder; "": there is none */
    int64_t size;                 /* bytes so far */
    struct digesting *digesting;
    char hash[BASE64_SIZE(DIGEST_SHA256_SIZE)]; /* when all has come */
};
#define MEDIA_UPLOAD_NONE                                                                                    \
    {                                                                                                        \
        .files = {.root = -1}, .folder = -1, .file = -1                                                      \
    }

/*
 * Begins one into the store at `path`; adds the next bytes; ends it, with all of it on the disk. The caller
 * ends with media_upload_close(), also after a failure. Errors: ERR_NOMEM, and as of media_files_move().
 */
MUST_CHECK enum err media_upload_begin(struct media_upload *upload, const char *path);
MUST_CHECK enum err media_upload_add(struct media_upload *upload, const void *bytes, size_t size);
MUST_CHECK enum err media_upload_end(struct media_upload *upload);

/* Puts it where Dendrite looks for it, unless the same is there already, and sees to it that it is on the
 * disk. */
MUST_CHECK enum err media_upload_place(struct media_upload *upload);

/* Deletes what was not placed. */
void media_upload_close(struct media_upload *upload);

#endif
