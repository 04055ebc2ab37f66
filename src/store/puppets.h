/* SPDX-License-Identifier: ISC */
/* mxadmin_puppets: sessions of users that admins were given, to act as those users. */
#ifndef STORE_PUPPETS_H
#define STORE_PUPPETS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* Whether a session is the user's own, in a statement where `d` is userapi_devices. */
#define PUPPETS_NONE                                                                                         \
    "NOT EXISTS (SELECT 1 FROM mxadmin_puppets x WHERE x.localpart = d.localpart"                            \
    " AND x.device_id = d.device_id)"

struct puppet {
    const char *localpart; /* of the user */
    const char *device_id;
    const char *admin;      /* the localpart of whom it was given to */
    int64_t valid_until_ts; /* ms; 0: for ever */
};

/* Adds one, in the transaction that is open. */
MUST_CHECK enum err puppets_insert(struct db *db, const struct puppet *puppet);

/* Forgets one; fine when there is none. Likewise. */
MUST_CHECK enum err puppets_delete(struct db *db, const char *localpart, const char *device_id);

/* Those that an admin was given, `*count` of them, in `arena`; the sessions may have ended since. */
MUST_CHECK enum err puppets_of(struct db *db, const char *admin, struct arena *arena, struct puppet **puppets,
                               size_t *count);

#endif
