/* SPDX-License-Identifier: ISC */
/*
 * All rows of one room, in whichever table, to be removed or to be counted: its events and their history, its
 * state, members, aliases and invitations, and what users keep about it. What stays: media, the reports of
 * its events, what waits to be sent to other servers, and what many rooms use (event types, state keys, and
 * Dendrite's one snapshot of the empty state).
 *
 * It goes slice by slice, a few thousand rows at most, so that whoever removes can let others write in
 * between. The event that made the room and its row in roomserver_rooms go last and together: until then the
 * room is found, and a purge that was cut off is simply begun again.
 */
#ifndef STORE_PURGE_H
#define STORE_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

enum purge_mode {
    PURGE_COUNT,
    PURGE_COUNT_DENDRITES, /* only what Dendrite removes when it is asked to purge the room */
    PURGE_REMOVE
};

/* How far it has come. */
struct purge;

/*
 * Begins with a room that is there; nothing is read or written yet, and `room_id` is borrowed. The caller
 * frees it with purge_free(). Errors: ERR_NOMEM.
 */
MUST_CHECK enum err purge_open(struct purge **purge, struct db *db, enum purge_mode mode, int64_t room_nid,
                               const char *room_id);

/* Frees, and sets to NULL. NULL inside is allowed. */
void purge_free(struct purge **purge);

/*
 * Does the next slice, within the transaction that is open, if one is; `*done` becomes true with the last.
 * Errors: ERR_CORRUPT (a list of state blocks is none), ERR_NOMEM and those of db_step().
 */
MUST_CHECK enum err purge_step(struct purge *purge, bool *done);

/* What was counted of a table, or removed from it. */
struct purge_count {
    const char *table;
    int64_t rows;
};

/* Each table once; valid until the purge is freed. */
const struct purge_count *purge_counts(const struct purge *purge, size_t *count);

#endif
