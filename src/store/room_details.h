/* SPDX-License-Identifier: ISC */
/* All that an admin is told of one room, read from the tables themselves. */
#ifndef STORE_ROOM_DETAILS_H
#define STORE_ROOM_DETAILS_H

#include "store/room_list.h"

struct room_details {
    struct listed_room listed;
    const char *avatar; /* this and the next two: NULL if the room has none */
    const char *topic;
    const char *replacement_room;
    bool tombstoned;
    bool forgotten; /* by all local users who were ever in it, which can be none */
    int64_t joined_local_devices;
};

/*
 * Finds a room by its id; its texts live in `arena`. In transactions of less than DB_SLICE_MS where none is
 * open. Errors: ERR_NOT_FOUND (also of a room that is only known by an invitation), and those of db_step().
 */
MUST_CHECK enum err room_details_find(struct db *db, const char *server_name, const char *room_id,
                                      struct arena *arena, struct room_details *details);

#endif
