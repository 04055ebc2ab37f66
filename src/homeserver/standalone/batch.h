/* SPDX-License-Identifier: ISC */
/*
 * An act in several transactions, because others who want to write wait for the end of each. Whatever one
 * leaves has to be whole, so that after a crash between two of them the call can simply be repeated.
 */
#ifndef HOMESERVER_STANDALONE_BATCH_H
#define HOMESERVER_STANDALONE_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/* Initialise with {.db = …}; of a step of a job, which is one transaction, with BATCH_OF_STEP. */
struct batch {
    struct db *db;    /* borrowed */
    int64_t lasts_ms; /* 0: as long as that of a request */
    int64_t end_ms;   /* of the one that is open, on the monotonic clock; 0: there was none yet */
};
#define BATCH_OF_STEP(db_, first)                                                                            \
    {                                                                                                        \
        .db = (db_), .lasts_ms = BATCH_STEP_MS, .end_ms = (first) ? 0 : 1                                    \
    }
#define BATCH_STEP_MS 100

/* Begins a transaction for writing, which the caller ends, after having left others the time for one. Errors
 * as db_begin(). */
MUST_CHECK enum err batch_begin(struct batch *batch);

/* Whether the transaction has lasted long enough. */
bool batch_is_over(const struct batch *batch);

#endif
