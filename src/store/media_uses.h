/* SPDX-License-Identifier: ISC */
/*
 * Where media is used: as avatars, and in the messages of a room. Dendrite's tables have no index for that,
 * so they are read in slices of some ms; no transaction is open.
 */
#ifndef STORE_MEDIA_USES_H
#define STORE_MEDIA_USES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* The URIs of all avatars, in order. */
struct media_avatars {
    const char **uris;
    size_t count;
};

/* Those of users and of rooms, as they are now; they live in `arena`. */
MUST_CHECK enum err media_uses_avatars(struct db *db, struct arena *arena, struct media_avatars *avatars);

/* Whether media is one of them. */
bool media_avatars_have(const struct media_avatars *avatars, const char *origin, const char *media_id);

/* Calls `each` with the URIs of media, and of its thumbnails, that the messages of a room name and are not
 * encrypted, and stops at its first error. A room that is not known has none. */
MUST_CHECK enum err media_uses_room(struct db *db, const char *room_id,
                                    enum err (*each)(const char *uri, void *context), void *context);

#endif
