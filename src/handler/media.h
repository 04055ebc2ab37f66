/* SPDX-License-Identifier: ISC */
/* What the handlers of media share. */
#ifndef HANDLER_MEDIA_H
#define HANDLER_MEDIA_H

#include "handler/call.h"

/* The path's server and media id, which the audit is told as one URI. */
struct media_path {
    const char *server;
    const char *media_id;
};

/* Parameters `first` and the next of the path; or, with `local`, the media id `first` of our own server.
 * False after the answer has become 500. */
MUST_CHECK bool media_path_read(struct call *call, size_t first, bool local, struct media_path *path);

/* The name that its file had, valid UTF-8; NULL: none. */
const char *media_upload_name(struct call *call, const struct media *media);

/* What lists tell of each, less whether it is protected; NULL when memory is gone. */
json_t *media_row_json(struct call *call, const struct media *media);

/* What is answered after a deletion, with the job that goes on with the rest, if there is one. */
json_t *media_deleted(const struct id_list *deleted);

/* Deletes `media`, and answers which that were. */
json_t *media_delete_answer(struct call *call, const struct media_deletion *deletion);

#endif
