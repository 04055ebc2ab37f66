/* SPDX-License-Identifier: ISC */
/* A user and the rooms: the user's memberships, and what came of them over time. */
#ifndef STORE_USER_ROOMS_H
#define STORE_USER_ROOMS_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/*
 * Calls `each` for every room that the user has or had to do with, with the membership there ("join",
 * "invite", "leave", "ban", "knock"), in the order of room ids; stops at its first error and returns it.
 */
MUST_CHECK enum err
user_rooms_list(struct db *db, const char *user_id,
                enum err (*each)(const char *room_id, const char *membership, void *context), void *context);

/* The rooms that the user has joined since `from_ts` (ms, by the clock of the event), also those left since.
 */
MUST_CHECK enum err user_rooms_joined_since(struct db *db, const char *user_id, int64_t from_ts,
                                            int64_t *count);

/*
 * The invitations that the user has sent since then. It looks at all that the user has sent, in slices: no
 * transaction is open when it is called.
 */
MUST_CHECK enum err user_rooms_invited_since(struct db *db, const char *user_id, int64_t from_ts,
                                             int64_t *count);

#endif
