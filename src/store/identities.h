/* SPDX-License-Identifier: ISC */
/*
 * What else names a user: userapi_threepids, e-mail addresses and telephone numbers, and
 * mxadmin_external_ids, the ids at single sign-on providers, which Dendrite does not know.
 */
#ifndef STORE_IDENTITIES_H
#define STORE_IDENTITIES_H

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* A third-party identifier (Matrix Appendices, "3PID Types"), or an id at a provider. */
struct identity {
    const char *kind; /* the medium, "email" or "msisdn"; the provider */
    const char *id;   /* the address; the external id */
};

/* The localpart of the local user who has it, in `arena`. ERR_NOT_FOUND: nobody has. */
MUST_CHECK enum err threepids_owner(struct db *db, const struct identity *identity, const char *server_name,
                                    struct arena *arena, const char **localpart);
MUST_CHECK enum err external_ids_owner(struct db *db, const struct identity *identity, struct arena *arena,
                                       const char **localpart);

/* Calls `each` for every one of a user, in the order of kinds and ids; stops at its first error and returns
 * it. */
MUST_CHECK enum err threepids_list(struct db *db, const char *localpart, const char *server_name,
                                   enum err (*each)(const struct identity *identity, void *context),
                                   void *context);
MUST_CHECK enum err external_ids_list(struct db *db, const char *localpart,
                                      enum err (*each)(const struct identity *identity, void *context),
                                      void *context);

/*
 * Replace all of a user by the `count` at `identities`. A third-party id of another user moves here;
 * ERR_EXISTS: another user has the external id. In the transaction that is open.
 */
MUST_CHECK enum err threepids_replace(struct db *db, const char *localpart, const char *server_name,
                                      const struct identity *identities, size_t count);
MUST_CHECK enum err external_ids_replace(struct db *db, const char *localpart,
                                         const struct identity *identities, size_t count);

#endif
