/* SPDX-License-Identifier: ISC */
/* Since when nobody of this server is in a room: Dendrite does not say. */
#ifndef STORE_ROOMS_LEFT_H
#define STORE_ROOMS_LEFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

struct room_left {
    bool empty;       /* nobody of this server is joined, invited or knocking */
    int64_t since_ts; /* what the newest event says that changed the membership of one of them, or, where
                         there is none, one that the room's history ends with; ms; 0: not known */
};

/* In slices of some ms, no transaction being open. ERR_NOT_FOUND: there is no such room. */
MUST_CHECK enum err rooms_left(struct db *db, const char *room_id, struct room_left *left);

/*
 * The rooms in which, by the list of rooms, nobody of this server is joined: some of those after `after` (""
 * : all), by their ids, in `arena`. None: there are no more.
 */
MUST_CHECK enum err rooms_left_list(struct db *db, const char *after, struct arena *arena,
                                    const char ***room_ids, size_t *count);

#endif
