/* SPDX-License-Identifier: ISC */
/* mxadmin_nonces: the nonces of shared-secret registration, single use over the whole pool. */
#ifndef STORE_NONCES_H
#define STORE_NONCES_H

#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

#define NONCES_LIFETIME_MS 60000
#define NONCES_MAX         10000 /* alive at once; they are handed out without a token */

/* Adds a nonce and sweeps the expired ones. Errors: ERR_LIMITED (NONCES_MAX are alive) and those of
 * db_step(). */
MUST_CHECK enum err nonces_insert(struct db *db, const char *nonce, int64_t now_ms);

/* ERR_OK when the nonce is alive, ERR_NOT_FOUND when not. */
MUST_CHECK enum err nonces_find(struct db *db, const char *nonce, int64_t now_ms);

/* Uses a nonce up: of any number of callers at once exactly one gets ERR_OK, the others ERR_NOT_FOUND. */
MUST_CHECK enum err nonces_use(struct db *db, const char *nonce, int64_t now_ms);

#endif
