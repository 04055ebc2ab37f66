/* SPDX-License-Identifier: ISC */
/* Users and rooms at Dendrite, as several acts need them. */
#ifndef HOMESERVER_DENDRITE_ROOMS_H
#define HOMESERVER_DENDRITE_ROOMS_H

#include "homeserver/dendrite/ask.h"
#include "store/memberships.h"

/* A user's membership of a room. ERR_NOT_FOUND: there is no such room. */
MUST_CHECK enum err dendrite_membership(struct homeserver *hs, const char *user_id, const char *room_id,
                                        struct arena *arena, enum membership *membership);

/*
 * Has a user leave a room, or reject the invitation to it, or take back the knock, whichever `membership` is.
 * Errors as the act leave.
 */
MUST_CHECK enum err dendrite_leave_as(struct homeserver *hs, const char *localpart, const char *user_id,
                                      const char *room_id, enum membership membership);

#endif
