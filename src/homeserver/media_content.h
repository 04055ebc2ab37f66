/* SPDX-License-Identifier: ISC */
/* Opens what is in the media store, for a client to be sent. Attached, the files are Dendrite's. */
#ifndef HOMESERVER_MEDIA_CONTENT_H
#define HOMESERVER_MEDIA_CONTENT_H

#include <stdint.h>

#include "base/config.h"
#include "base/err.h"
#include "store/media_rows.h"

/*
 * Opens the file of `media`, or, unless `thumbnail` is NULL, that of its thumbnail, wherever it is, also in
 * quarantine; `*size` is its bytes. On success the caller closes `*file`. ERR_NOT_FOUND: it is not there, or
 * not as large as is known, so that it is not what was uploaded; other errors as of media_files_open(),
 * ERR_CORRUPT.
 */
MUST_CHECK enum err media_content_open(const struct config *config, const struct media *media,
                                       const struct thumbnail *thumbnail, int *file, int64_t *size);

#endif
