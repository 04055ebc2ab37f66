/* SPDX-License-Identifier: ISC */
/* What the files of room lists share; nobody else includes it. */
#ifndef STORE_ROOM_LIST_ROWS_H
#define STORE_ROOM_LIST_ROWS_H

#include "store/room_list.h"

/* Bits of mxadmin_rooms.flags. */
enum { ROOM_PUBLIC = 1, ROOM_EMPTY = 2, ROOM_FEDERATABLE = 4 };

/* A row of mxadmin_rooms. Its texts are "" where the room has none. */
struct kept_room {
    struct listed_room room;
    int64_t nid;
    int64_t position; /* in the stream of events, of the room's last one when the rest was read */
};

/* The flags that a room's row is to have. */
int64_t kept_room_flags(const struct kept_room *kept);

/*
 * A room as it is, part by part: a large one takes longer than a transaction may. Begin with the `room_id`
 * and {0}; what is read lives in `arena`.
 */
struct room_reading {
    const char *room_id;
    struct arena *arena;
    struct kept_room kept;
    size_t part;
    int64_t place; /* where the part has come */
};

/*
 * Reads the next part, some ms; `*done` becomes true with the last. ERR_NOT_FOUND: there is no such room, or
 * it is only known by an invitation.
 */
MUST_CHECK enum err room_reading_step(struct db *db, struct room_reading *reading, bool *done);

/* Reads all that the room's state says of it, but counts nothing. */
MUST_CHECK enum err room_reading_texts(struct db *db, const char *room_id, struct arena *arena,
                                       struct listed_room *room);

/* Makes NULL what is "". */
void room_texts_to_null(struct listed_room *room);

/* Writes the row, unless a younger one is there; removes it. */
MUST_CHECK enum err kept_room_put(struct db *db, const struct kept_room *kept);
MUST_CHECK enum err kept_room_remove(struct db *db, const char *room_id);

#endif
