/* SPDX-License-Identifier: ISC */
/*
 * What Dendrite's parts have heard of a room. Its room server tells them of each event one after another, and
 * each writes it into tables of its own: some time later than the room server.
 */
#ifndef STORE_HEARD_H
#define STORE_HEARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/*
 * Of a room that no user of `server_name` is joined to any more: whether the parts for clients and for other
 * servers have heard of that. A join that was followed by a leave before they heard of either has left no
 * trace: nobody can tell until some time after it.
 */
MUST_CHECK enum err heard_leaves(struct db *db, const char *room_id, const char *server_name, bool *heard);

/* Whether the part for clients has heard of an event. */
MUST_CHECK enum err heard_event(struct db *db, int64_t event_nid, bool *heard);

/* When an event was sent, in Unix milliseconds as its sender says; 0 where it does not. ERR_NOT_FOUND. */
MUST_CHECK enum err heard_sent_ts(struct db *db, int64_t event_nid, int64_t *sent_ts);

#endif
