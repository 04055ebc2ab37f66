/* SPDX-License-Identifier: ISC */
/*
 * How much of the disk each room takes, in mxadmin_room_sizes: an estimate from how long its events are, as
 * there are no sizes of rooms in a database. The events of a room cannot be found without a look at all, so
 * each is looked at once, after it has come.
 */
#ifndef STORE_ROOM_SIZES_H
#define STORE_ROOM_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* Adds the events that have come since the last call, in transactions of some ms, for about `ms`, or until
 * all are, `*over`. No transaction is open. */
MUST_CHECK enum err room_sizes_refresh(struct db *db, int64_t ms, bool *over);

/* The same within the transaction that has stored them in our own database, as far as that takes some ms. */
MUST_CHECK enum err room_sizes_follow(struct db *db);

/* Takes an event out again that is about to be removed, if it was added; within the transaction that is open.
 */
MUST_CHECK enum err room_sizes_take_out(struct db *db, int64_t event_nid);

struct room_size {
    const char *room_id;
    int64_t bytes;
};

/* The `max` largest rooms, the largest first, in `arena`. Those that no list has are left out. */
MUST_CHECK enum err room_sizes_largest(struct db *db, int64_t max, struct arena *arena,
                                       struct room_size **sizes, size_t *count);

#endif
