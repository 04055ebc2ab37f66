/* SPDX-License-Identifier: ISC */
/*
 * roomserver_state_snapshots and roomserver_state_block: the state of a room at each of its events. A
 * snapshot lists blocks, a block lists events; where two events have one place (type and state key), that of
 * the later block counts.
 *
 * Each state event makes a block of its own, and blocks are merged as the digits of a binary counter are: a
 * block is merged into the new one unless it is larger. So an event is written again at most once for each
 * doubling of the state: n events cost n log n, a snapshot lists some log n blocks, and never more than
 * STATE_BLOCKS_MAX.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

#define STATE_BLOCKS_MAX 64 /* Dendrite's bound, too */

/* A place in the state, and who is there: numbers as in store/events.h. */
struct state_entry {
    int64_t type_nid;
    int64_t state_key_nid;
    int64_t event_nid;
};

/* The state at one point of a room's history, in memory. */
struct state;

/*
 * Reads the state of the snapshot `snapshot_nid`; 0 is the empty one of a new room, which is written. The
 * caller frees it with state_free(). Errors: ERR_CORRUPT (logged: there is no such snapshot, block or event),
 * ERR_NOMEM and those of db_step().
 */
MUST_CHECK enum err state_open(struct state **state, struct db *db, int64_t room_nid, int64_t snapshot_nid);

/*
 * Moves to another snapshot of the room, and reads only what blocks it has others. Errors as state_open();
 * after one the state is of no more use.
 */
MUST_CHECK enum err state_move(struct state *state, int64_t snapshot_nid);

/* Frees, and sets to NULL. NULL inside is allowed. */
void state_free(struct state **state);

/* The number of the snapshot with this state. */
int64_t state_snapshot(const struct state *state);

/* The event at this place; 0: there is none. */
int64_t state_get(const struct state *state, int64_t type_nid, int64_t state_key_nid);

/*
 * Puts an event into its place: writes the snapshot of the state after it, which this is then. After an error
 * the state is of no more use.
 */
MUST_CHECK enum err state_put(struct state *state, const struct state_entry *entry);

#endif
