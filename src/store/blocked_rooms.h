/* SPDX-License-Identifier: ISC */
/*
 * mxadmin_blocked_rooms: rooms that no user of this server is to come to any more, known here or not. The
 * caller owns the transaction.
 */
#ifndef STORE_BLOCKED_ROOMS_H
#define STORE_BLOCKED_ROOMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

struct blocked_room {
    const char *room_id;
    const char *user_id; /* who blocked it */
    int64_t blocked_ts;  /* Unix milliseconds */
    int64_t event_nid;   /* the newest event then: who is in the room by one before may stay */
    /* Where the streams of events and of invitations were then (store/sync.h), which may not have heard of
     * that event yet. */
    int64_t event_position;
    int64_t invite_position;
};

/* Who blocked a room, in `arena`. ERR_NOT_FOUND: nobody did. */
MUST_CHECK enum err blocked_rooms_find(struct db *db, const char *room_id, struct arena *arena,
                                       const char **user_id);

/* Whether a room is blocked. */
MUST_CHECK enum err blocked_rooms_has(struct db *db, const char *room_id, bool *blocked);

/* Blocks a room; whoever blocked it first stays noted. */
MUST_CHECK enum err blocked_rooms_add(struct db *db, const struct blocked_room *room);

/* Blocks it no more; fine for one that is not blocked. */
MUST_CHECK enum err blocked_rooms_remove(struct db *db, const char *room_id);

/* Places in the two streams. */
struct stream_place {
    int64_t events;
    int64_t invites;
};

/* Where the first of the rooms was blocked; `*any` is false where none is. */
MUST_CHECK enum err blocked_rooms_first(struct db *db, struct stream_place *place, bool *any);

/* Somebody who has come to a blocked room after it was blocked, or was invited to it; borrowed. */
struct arrival {
    const char *event_id;
    const char *room_id;
    const char *user_id; /* of any server */
};

/*
 * Calls `each` for every arrival between two places, the first one not included; stops at its first error.
 * No longer than the rows in between take; without an index, those are few.
 */
MUST_CHECK enum err blocked_rooms_arrivals(struct db *db, const struct stream_place *after,
                                           const struct stream_place *until,
                                           enum err (*each)(const struct arrival *arrival, void *context),
                                           void *context);

#endif
