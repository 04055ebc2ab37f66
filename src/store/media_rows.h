/* SPDX-License-Identifier: ISC */
/* mediaapi_media_repository and mediaapi_thumbnail: what Dendrite knows of the files in its media store. */
#ifndef STORE_MEDIA_ROWS_H
#define STORE_MEDIA_ROWS_H

#include "base/err.h"
#include "store/db.h"

/* Removes the rows of a file and of its thumbnails; that there are none is fine. In the transaction that is
 * open. */
MUST_CHECK enum err media_rows_delete(struct db *db, const char *origin, const char *media_id);

#endif
