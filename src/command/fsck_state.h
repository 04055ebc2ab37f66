/* SPDX-License-Identifier: ISC */
/* State snapshots: lists of blocks, of which a later one overrides an earlier one. */
#ifndef COMMAND_FSCK_STATE_H
#define COMMAND_FSCK_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/fsck.h"
#include "store/nids.h"

/*
 * Makes `nids` the list "[1,2,3]". Unlike nids_read() it takes no other form, and tells nobody. Errors:
 * ERR_INVALID (it is not that, or NULL), ERR_NOMEM.
 */
MUST_CHECK enum err fsck_read_nids(struct nids *nids, const char *text);

/* An entry of a state, and the place of its block: of two for one type and state key the later one holds. */
struct state_entry {
    struct fsck_entry entry;
    size_t place;
    bool met; /* for whoever goes through it */
};

/* The state of a room, ordered by type and state key. Begin with {0}; free `entries`. */
struct room_state {
    struct state_entry *entries;
    size_t count, size;
};

/* Makes `state` that of the blocks from the `first` one, and then of `last` (NULL: nothing). */
MUST_CHECK enum err room_state_load(struct db *db, const struct nids *blocks, size_t first,
                                    const struct fsck_entry *last, struct room_state *state);

/* The entry of a type and state key; NULL when there is none. */
struct state_entry *room_state_find(const struct room_state *state, int64_t type_nid, int64_t state_key_nid);

/* Where two states part: the event number that each has for the first differing type and state key, or 0. */
struct state_difference {
    bool differ;
    int64_t expected_nid, found_nid;
};

/*
 * Compares the snapshot `found` with `before` and the entry `event` (NULL: with `before` itself). A snapshot
 * that cannot be read is not for this to report: nothing differs then.
 */
MUST_CHECK enum err room_state_compare(struct db *db, int64_t before, const struct fsck_entry *event,
                                       int64_t found, struct state_difference *difference);

#endif
