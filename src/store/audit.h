/* SPDX-License-Identifier: ISC */
/*
 * mxadmin_audit: a row for every request and every command that has changed something. A row is added, is
 * told once how it ended, and goes when it is old, or at once, if nothing was changed after all; nothing else
 * happens to it.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

#define AUDIT_UNKNOWN   0   /* an outcome that is not known, or not yet */
#define AUDIT_SWEEP_MAX 100 /* rows that go at once */

struct audit_row {
    int64_t id;             /* a higher one was added later; not looked at when it is added */
    int64_t ts;             /* ms */
    const char *admin;      /* user ID of who asked; "": a command, or nobody we know */
    const char *device_id;  /* of the session; NULL: none */
    const char *address;    /* of the client; "": not known */
    const char *method;     /* of the request, or one of those below */
    const char *route;      /* pattern of its path, or the command's name */
    const char *target;     /* the user, room … that it was about; "": none */
    const char *parameters; /* a JSON object, without secrets */
    const char *request_id; /* "": a command; of a policy that of its job */
    int64_t outcome;        /* status of the answer, or AUDIT_UNKNOWN */
};
#define AUDIT_COMMAND      "COMMAND"
#define AUDIT_POLICY       "POLICY"
#define AUDIT_POLICY_ROUTE "policy" /* as the command that does the same */

/* Adds a row; `*id` becomes its number. */
MUST_CHECK enum err audit_insert(struct db *db, const struct audit_row *row, int64_t *id);

/* Sets the outcome of the row `id`; there may be none of this number. */
MUST_CHECK enum err audit_set_outcome(struct db *db, int64_t id, int64_t outcome);

/* Adds the row of a policy, or, where there is one of its job already, sets its parameters and outcome. */
MUST_CHECK enum err audit_policy(struct db *db, const struct audit_row *row);

/* Removes the row. */
MUST_CHECK enum err audit_delete(struct db *db, int64_t id);

/* Removes rows from before `ts`, at most AUDIT_SWEEP_MAX. */
MUST_CHECK enum err audit_sweep(struct db *db, int64_t ts);

/* Which rows; NULL: any. */
struct audit_filter {
    const char *admin;
    const char *target;
    const char *route;
    int64_t from_ts, until_ts; /* ms, both included */
};

struct audit_page {
    int64_t from; /* how many to pass over */
    int64_t limit;
    bool oldest_first;
};

/* How many rows there are. */
MUST_CHECK enum err audit_count(struct db *db, const struct audit_filter *filter, int64_t *count);

/* Calls `each` for the rows of a page; stops at its first error and returns it. Texts are borrowed until it
 * returns. */
MUST_CHECK enum err audit_list(struct db *db, const struct audit_filter *filter,
                               const struct audit_page *page,
                               enum err (*each)(const struct audit_row *row, void *context), void *context);

#endif
