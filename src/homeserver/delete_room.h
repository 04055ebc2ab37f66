/* SPDX-License-Identifier: ISC */
/*
 * Deleting a room, as a job: the room is blocked, its local users leave it, and may be brought to a new one
 * that tells them why; then all that is stored of it goes. What each step has decided is on the disk before
 * the next one acts on it, and each act can be repeated, so that whatever dies meanwhile, there is one new
 * room, with one message, and everybody leaves once.
 */
#ifndef HOMESERVER_DELETE_ROOM_H
#define HOMESERVER_DELETE_ROOM_H

#include <jansson.h>

#include "homeserver/homeserver.h"
#include "store/jobs.h"

/* What is to become of a room and its users. Everything is borrowed. */
struct room_deletion {
    const char *new_room_user_id; /* whose the new room is to be, a local user; NULL: there is to be none */
    const char *room_name;        /* of that */
    const char *message;          /* to those who come to it */
    bool block;
    bool purge;       /* of what is stored of the room; it fails if a local user could not leave */
    bool force_purge; /* it does not fail */
};

/*
 * Starts the job; `id` becomes its id. A room that is not known here is only blocked. ERR_EXISTS: one for
 * this room has not ended, and `id` is that one's.
 */
MUST_CHECK enum err delete_room_start(struct homeserver *hs, const char *room_id,
                                      const struct room_deletion *deletion, char id[JOBS_ID_SIZE]);

/*
 * How far a deletion has come: {"kicked_users": […], "failed_to_kick_users": […], "local_aliases": […],
 * "new_room_id": …}, all of them always; new. Errors: ERR_NOMEM and those of job_items_list().
 */
MUST_CHECK enum err delete_room_result(struct db *db, const struct job *job, json_t **result);

#endif
