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
    /* Where the streams of events and of invitations were then (store/sync.h): who is in the room by what is
     * before that may stay. */
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

#endif
