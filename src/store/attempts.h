/* SPDX-License-Identifier: ISC */
/*
 * mxadmin_attempts: failed sign-ins and failed registration MACs, counted by account and by client address in
 * a fixed window, in the database so that the limit holds over the whole pool.
 */
#ifndef STORE_ATTEMPTS_H
#define STORE_ATTEMPTS_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

/* Who failed. */
struct attempt {
    const char *account; /* localpart as given; "" when there is none to count */
    const char *address; /* "" when it is not known */
};

struct attempt_limits {
    int64_t per_account; /* failures within the window; 0: no limit */
    int64_t per_address;
    int64_t window_ms;
};

/* ERR_LIMITED when either count has reached its limit; `*retry_after_ms` is then the time until it is free
 * again. */
MUST_CHECK enum err attempts_check(struct db *db, const struct attempt *attempt,
                                   const struct attempt_limits *limits, int64_t now_ms,
                                   int64_t *retry_after_ms);

/*
 * Counts one more failure, and sweeps windows that are over. ERR_LIMITED, as above, when the limit had been
 * reached before this one: callers that failed at the same moment do not get more tries than the limit. It
 * has counted then too: a transaction around it is to be committed all the same.
 */
MUST_CHECK enum err attempts_failed(struct db *db, const struct attempt *attempt,
                                    const struct attempt_limits *limits, int64_t now_ms,
                                    int64_t *retry_after_ms);

/* A success: forgets the failures of the account; those of the address stay. */
MUST_CHECK enum err attempts_succeeded(struct db *db, const struct attempt *attempt);

#endif
