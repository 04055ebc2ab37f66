/* SPDX-License-Identifier: ISC */
/*
 * Rooms that no user of this server is to come to any more. Who is in one stays. Our own homeserver lets
 * nobody join one or be invited to one; beside another homeserver, whoever does so all the same is sent out
 * of it soon after.
 */
#ifndef HOMESERVER_BLOCKS_H
#define HOMESERVER_BLOCKS_H

#include "homeserver/homeserver.h"

/* What whoever wants to join is told. */
#define BLOCKED_TEXT "This room has been blocked on this server"

/*
 * Blocks a room, known or not, in the name of the user `by`, in a transaction of its own; `by` NULL: blocks
 * it no more. Whoever blocked it first stays noted. Errors: those of the database.
 */
MUST_CHECK enum err blocks_set(struct homeserver *hs, const char *room_id, const char *by);

/*
 * The runner's part beside another homeserver: looks who has come to a blocked room, or was invited to it,
 * since it looked last, and starts a job for each of them. Standalone there is nothing to do.
 */
MUST_CHECK enum err blocks_look(struct homeserver *hs);

#endif
