/* SPDX-License-Identifier: ISC */
/*
 * An account with all that admins are shown of it, and mxadmin_user_states, what only mxadmin knows: whether
 * it is locked, suspended or erased, and of which type it is.
 */
#ifndef STORE_USERS_H
#define STORE_USERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/accounts.h"
#include "store/db.h"

struct user_state {
    bool locked;           /* no token of the user is good for anything, and nobody can sign in */
    bool suspended;        /* the user may read, and do little else */
    bool erased;           /* deactivated, and no more than the name is to be left of it */
    const char *user_type; /* "bot", "support"; NULL: an ordinary user */
};

struct user {
    const char *localpart;
    enum account_type type;
    bool deactivated;
    int64_t created_ts;   /* ms */
    int64_t last_seen_ts; /* ms, of the user's own device that was seen last; 0: none was */
    const char *appservice_id;
    struct profile profile;
    struct user_state state;
};

/* Finds one; its texts live in `arena`. ERR_NOT_FOUND. */
MUST_CHECK enum err users_find(struct db *db, const char *localpart, const char *server_name,
                               struct arena *arena, struct user *user);

/* The state of a user, of whom nothing need be known; the text lives in `arena`. */
MUST_CHECK enum err user_states_find(struct db *db, const char *localpart, struct arena *arena,
                                     struct user_state *state);

/* Replaces it, in the transaction that is open. */
MUST_CHECK enum err user_states_put(struct db *db, const char *localpart, const char *server_name,
                                    const struct user_state *state);

#endif
