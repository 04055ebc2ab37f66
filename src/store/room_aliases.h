/* SPDX-License-Identifier: ISC */
/* roomserver_room_aliases: which room each alias leads to. The caller owns the transaction. */
#ifndef STORE_ROOM_ALIASES_H
#define STORE_ROOM_ALIASES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* The aliases of a room, in their order, `*count` of them; they live in `arena`. */
MUST_CHECK enum err room_aliases_list(struct db *db, const char *room_id, struct arena *arena,
                                      const char ***aliases, size_t *count);

/* Where an alias leads, and the user who made it; in `arena`. ERR_NOT_FOUND. */
MUST_CHECK enum err room_aliases_find(struct db *db, const char *alias, struct arena *arena,
                                      const char **room_id, const char **creator);

/* Has an alias that leads to the room `from`, or nowhere, lead to the room `to`; one that leads elsewhere
 * stays. */
MUST_CHECK enum err room_aliases_move(struct db *db, const char *alias, const char *from, const char *to,
                                      const char *creator);

/* Has a new alias lead to a room. ERR_EXISTS. */
MUST_CHECK enum err room_aliases_add(struct db *db, const char *alias, const char *room_id,
                                     const char *creator);

/* ERR_NOT_FOUND. */
MUST_CHECK enum err room_aliases_delete(struct db *db, const char *alias);

#endif
