/* SPDX-License-Identifier: ISC */
/*
 * Events of type m.room.member. Errors of all are those of room_append(), and of who comes to a room, those
 * of room_admits().
 */
#ifndef HOMESERVER_STANDALONE_MEMBER_H
#define HOMESERVER_STANDALONE_MEMBER_H

#include "homeserver/standalone/room.h"
#include "store/accounts.h"

/* The user joins, or if joined, shows the room another profile. */
MUST_CHECK enum err room_join(struct room *room, const char *user_id, const struct profile *profile);

/* The user leaves, rejects an invitation or takes back a knock. */
MUST_CHECK enum err room_leave(struct room *room, const char *user_id);

/* The same, keeping the name and avatar that the room knows: how Dendrite evacuates a room. */
MUST_CHECK enum err room_leave_with_profile(struct room *room, const char *user_id);

/* `sender` invites the user. `reason` NULL: none. */
MUST_CHECK enum err room_invite(struct room *room, const char *sender, const char *user_id,
                                const char *reason);

#endif
