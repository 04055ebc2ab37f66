/* SPDX-License-Identifier: ISC */
#ifndef COMMAND_MEDIA_SIZE_H
#define COMMAND_MEDIA_SIZE_H

#include "command/context.h"

/* How many bytes are free when the media is deleted, and everything else stays; `media` is sorted by its
 * files. */
MUST_CHECK enum err media_size(struct context *context, struct media_rows *media, int64_t *bytes);

#endif
