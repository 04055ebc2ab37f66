/* SPDX-License-Identifier: ISC */
/* The room in which a user is sent notices: made for that, and for that user, by the user who sends them. */
#ifndef HOMESERVER_DENDRITE_NOTICE_ROOM_H
#define HOMESERVER_DENDRITE_NOTICE_ROOM_H

#include "homeserver/dendrite/ask.h"
#include "store/memberships.h"

struct notice_room {
    struct homeserver *hs;
    struct arena *arena;
    const char *localpart; /* of the recipient */
    const char *recipient; /* user ids */
    const char *sender;
    /* What notice_room_open() finds out. */
    const char *id;             /* NULL: there is none */
    enum membership membership; /* of the recipient */
    bool tagged;                /* the recipient's clients, and Dendrite, know what it is for */
};

/*
 * Finds the room, or makes it, and sees to it that the recipient is in it or invited to it, and that it is
 * tagged. However many do this at once, there is one room a recipient. Errors as the act send_notice.
 */
MUST_CHECK enum err notice_room_open(struct notice_room *room);

/* Whether a room has the tag of rooms for notices: to an invitation to one, Dendrite lets nobody say no. */
MUST_CHECK enum err notice_room_is_tagged(struct homeserver *hs, const char *localpart, const char *room_id,
                                          struct arena *arena, bool *tagged);

#endif
