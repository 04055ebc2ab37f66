/* SPDX-License-Identifier: ISC */
/*
 * The state of a room after one of its events, as the roomserver keeps it: what it was before the event, and
 * the event itself. It never changes, so it can be read in pieces. store/state.h is for
 * adding to it.
 */
#ifndef STORE_STATE_AT_H
#define STORE_STATE_AT_H

#include <stdbool.h>
#include <stddef.h>
#include <stddef.h>

#include "base/err.h"
#include "store/db.h"
#include "store/nids.h"

struct state_at {
    struct db *db;
    struct nids nids; /* its events, in the order of their numbers */
    size_t read;      /* how many of them state_at_next() has come to */
};

/*
 * Reads which events it is. The caller frees it with state_at_free(), also after an error. No transaction is
 * open. Errors: ERR_NOT_FOUND (no such event), ERR_CORRUPT, ERR_NOMEM and those of db_step().
 */
MUST_CHECK enum err state_at_open(struct state_at *state, struct db *db, const char *event_id);

/* Frees what it owns. */
void state_at_free(struct state_at *state);

/* An event of it. The texts are borrowed. */
struct state_at_event {
    const char *id;
    const char *json;
    const char *type;
    const char *state_key;
};

/*
 * Calls `each` for some of the events, until others wait for a reader, or all are done, which state_at_done()
 * tells; stops at its first error and returns it. No transaction is open.
 */
MUST_CHECK enum err state_at_next(struct state_at *state,
                                  enum err (*each)(const struct state_at_event *event, void *context),
                                  void *context);

/* Whether `each` was called for all of them. */
bool state_at_done(const struct state_at *state);

#endif
