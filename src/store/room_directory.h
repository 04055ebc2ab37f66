/* SPDX-License-Identifier: ISC */
/* The room directory: the rooms that are published, as anybody who looks for one is shown them. */
#ifndef STORE_ROOM_DIRECTORY_H
#define STORE_ROOM_DIRECTORY_H

#include "store/room_list.h"

struct directory_room {
    struct listed_room listed;
    const char *avatar; /* NULL: none; like the topic */
    const char *topic;
};

/*
 * The rooms of a page, in `arena`, the largest first, and how many there are in all: of those published, the
 * ones that have members, and that anybody may join, knock at or read. In the transaction that is open, or
 * none.
 */
MUST_CHECK enum err room_directory_page(struct db *db, int64_t from, int64_t limit, struct arena *arena,
                                        struct directory_room **rooms, size_t *count, int64_t *total);

/* Whether a room is published. ERR_NOT_FOUND: there is no such room. */
MUST_CHECK enum err room_directory_has(struct db *db, const char *room_id, bool *published);

/* Publishes a room, or withdraws it: in the transaction that is open. ERR_NOT_FOUND as above. */
MUST_CHECK enum err room_directory_set(struct db *db, const char *room_id, bool published);

#endif
