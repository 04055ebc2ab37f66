/* SPDX-License-Identifier: ISC */
/*
 * Acts on media, which both implementations share but for how a row goes: a decision is written down in one
 * transaction, with the file as work to be done; the work follows, and is found again by whoever comes next
 * if it was cut off. What is done to a file depends on nothing but what is in the database by then. No
 * transaction is open when these functions are called.
 */
#ifndef HOMESERVER_MEDIA_H
#define HOMESERVER_MEDIA_H

#include "homeserver/homeserver.h"

/* How a row goes: in the transaction that is open, which reads nothing of a Dendrite's. */
typedef enum err media_remove_row(struct homeserver *hs, const char *origin, const char *media_id);

/* The acts delete_media, quarantine_media and protect_media. */
MUST_CHECK enum err media_delete(struct homeserver *hs, const struct media_deletion *deletion,
                                 media_remove_row *remove_row, struct arena *arena, struct id_list *deleted);
MUST_CHECK enum err media_quarantine(struct homeserver *hs, const struct media_rows *media, bool quarantined,
                                     int64_t *changed);
MUST_CHECK enum err media_protect(struct homeserver *hs, const char *media_id, bool protected);

/* What media_list_old() finds, as it is now; with `keep_avatars` without the avatars of users and rooms. */
MUST_CHECK enum err media_find_old(struct homeserver *hs, const struct media_wish *wish, bool keep_avatars,
                                   struct arena *arena, struct media_rows *media);

/* Does the work on files that is due; what fails is tried again after a while. */
MUST_CHECK enum err media_sweep(struct homeserver *hs);

#endif
