/* SPDX-License-Identifier: ISC */
/* roomserver_rooms: where each room's history ends, and its state there. */
#ifndef STORE_ROOMS_H
#define STORE_ROOMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"
#include "store/nids.h"

struct room_row {
    int64_t nid;
    const char *id;
    const char *version;
    struct nids latest;   /* the forward extremities; none: we only know the room by an invitation */
    int64_t snapshot_nid; /* the state after them; 0: none */
    int64_t last_sent_nid;
};

/*
 * Finds a room by its id, or by its number; its texts live in `arena`, and the caller frees `row->latest`,
 * also after an error. Errors: ERR_NOT_FOUND, ERR_CORRUPT and those of db_step().
 */
MUST_CHECK enum err rooms_find(struct db *db, const char *room_id, struct arena *arena, struct room_row *row);
MUST_CHECK enum err rooms_find_nid(struct db *db, int64_t nid, struct arena *arena, struct room_row *row);

/* Adds a room without events; `*nid` becomes its number. Errors: ERR_EXISTS and those of db_step(). */
MUST_CHECK enum err rooms_insert(struct db *db, const char *room_id, const char *version, int64_t *nid);

/* Writes `latest`, `snapshot_nid` and `last_sent_nid` of the row with the number `nid`. */
MUST_CHECK enum err rooms_update(struct db *db, const struct room_row *row);

/*
 * Calls `each` for every room that was made after the event `since`, with the event that made it, both
 * borrowed; stops at its first error.
 */
MUST_CHECK enum err rooms_made(struct db *db, int64_t since,
                               enum err (*each)(const char *room_id, const char *create_json, void *context),
                               void *context);

/* What a list of rooms says of one. */
struct room_summary {
    const char *id;
    const char *version;
    int64_t joined;      /* members */
    int64_t local;       /* of these, users of this server */
    int64_t extremities; /* events that its history ends with; 0: only an invitation is known */
};

/* Calls `each` for every room in the order in which we came to know them; stops at its first error. */
MUST_CHECK enum err
rooms_list(struct db *db, enum err (*each)(const struct room_summary *room, void *context), void *context);

/*
 * Some of the rooms that were made, or joined, and in which nobody of this server is joined: `each` is called
 * for those among the rooms after `*after` (0: all), an event number, up to where this stops, which `*after`
 * then is; `*done` after the last. It stops in time for a reader whom others wait for, and at the first error
 * of `each`.
 */
MUST_CHECK enum err rooms_empty(struct db *db, int64_t *after, bool *done,
                                enum err (*each)(const char *room_id, void *context), void *context);

#endif
