/* SPDX-License-Identifier: ISC */
/* A room's state as it is now, of syncapi_current_room_state. */
#ifndef STORE_ROOM_STATE_H
#define STORE_ROOM_STATE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* An event of it. The texts are borrowed. */
struct room_state_event {
    const char *event_id;
    const char *json;
    const char *replaces; /* the id of what was there before; NULL: nothing, or we do not know */
};

/* A walk through it, in the order of types and state keys. Begin with the first two, and {0} otherwise. */
struct room_state_walk {
    const char *room_id;
    const char *type; /* only of this one; NULL: of all */
    bool done;
    const char *last_type, *last_key; /* how far it has come; in the arena */
};

/*
 * Calls `each` for some of the events, until others wait for a reader, or all are done; stops at its first
 * error and returns it. What changes between two calls may be seen or not.
 */
MUST_CHECK enum err room_state_next(struct db *db, struct room_state_walk *walk, struct arena *arena,
                                    enum err (*each)(const struct room_state_event *event, void *context),
                                    void *context);

#endif
