/* SPDX-License-Identifier: ISC */
/* Users and rooms at Dendrite, as several acts need them. */
#ifndef HOMESERVER_DENDRITE_ROOMS_H
#define HOMESERVER_DENDRITE_ROOMS_H

#include "homeserver/dendrite/ask.h"
#include "store/memberships.h"

/* ERR_NOT_FOUND: there is no such user; ERR_DEACTIVATED. */
MUST_CHECK enum err dendrite_check_active(struct homeserver *hs, const char *localpart, struct arena *arena);

/* A user's membership of a room. ERR_NOT_FOUND: there is no such room. */
MUST_CHECK enum err dendrite_membership(struct homeserver *hs, const char *user_id, const char *room_id,
                                        struct arena *arena, enum membership *membership);

/*
 * Has a user leave a room, or reject the invitation to it, or take back the knock, whichever `membership` is.
 * Errors as the act leave.
 */
MUST_CHECK enum err dendrite_leave_as(struct homeserver *hs, const char *localpart, const char *user_id,
                                      const char *room_id, enum membership membership, struct arena *arena);

/*
 * Waits until Dendrite's parts have heard of what has happened in a room that no local user is joined to any
 * more: Dendrite stops with a panic when one of them is told of an event whose room has been purged
 * meanwhile, and again whenever it is started. To be called before a room is purged, with no transaction
 * open. The purge of dendrite_purge_room() does that. ERR_NOT_FOUND; ERR_BUSY, with hs->reason: not within
 * half a minute.
 */
MUST_CHECK enum err dendrite_settle(struct homeserver *hs, const char *room_id, struct arena *arena);

/*
 * Waits, a few seconds at most, until Dendrite's part for clients has heard of the events that a room's
 * history ends with: what it has not heard of, cannot be found there. ERR_NOT_FOUND: there is no such room.
 */
MUST_CHECK enum err dendrite_settle_latest(struct homeserver *hs, const char *room_id, struct arena *arena);

#endif
