/* SPDX-License-Identifier: ISC */
/*
 * mxadmin_transactions: which event a transaction id of a client has made, so that the same request again,
 * to whichever worker and after whatever restart, makes no other one (Client-Server API, "Transaction
 * identifiers"). Of the access token only a hash is kept.
 */
#ifndef STORE_TRANSACTIONS_H
#define STORE_TRANSACTIONS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

#define TRANSACTIONS_LIFETIME_MS ((int64_t)30 * 24 * 3600 * 1000)

struct transaction {
    const char *token; /* access token: a transaction id is of a session */
    const char *id;
};

/* The event that was made, in `arena`. ERR_NOT_FOUND: none was. */
MUST_CHECK enum err transactions_find(struct db *db, const struct transaction *transaction,
                                      struct arena *arena, const char **event_id);

/* Notes the event that was made, and sweeps what is older than TRANSACTIONS_LIFETIME_MS. */
MUST_CHECK enum err transactions_insert(struct db *db, const struct transaction *transaction,
                                        const char *event_id, int64_t now_ms);

#endif
