/* SPDX-License-Identifier: ISC */
/* The events that a room's history ends with: its forward extremities. */
#ifndef STORE_EXTREMITIES_H
#define STORE_EXTREMITIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

struct extremity_row {
    const char *event_id;
    const char *sender;   /* NULL: the event cannot be read */
    int64_t snapshot_nid; /* of the state before it; 0: not known */
    int64_t depth;
    int64_t origin_server_ts; /* as its sender says */
};

/*
 * Those of a room, `*count` of them, which live in `arena`; none of a room that is not known. No transaction
 * is open. Errors: ERR_CORRUPT, ERR_NOMEM and those of db_step().
 */
MUST_CHECK enum err extremities_list(struct db *db, const char *room_id, struct arena *arena,
                                     struct extremity_row **rows, size_t *count);

#endif
