/* SPDX-License-Identifier: ISC */
/* userapi_registration_tokens. */
#ifndef STORE_REGISTRATION_TOKENS_H
#define STORE_REGISTRATION_TOKENS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* Dendrite reads uses into 32 bits, and can list no tokens at all where one has more. */
#define REGISTRATION_TOKEN_USES_MAX INT32_MAX

/* A token that lets somebody register. */
struct registration_token {
    const char *token;
    int64_t uses_allowed; /* -1: without a bound */
    int64_t pending;      /* uses that were begun */
    int64_t completed;    /* uses that were completed */
    int64_t expiry_ts;    /* ms; -1: never */
};

/* Whether somebody can register with it at `now_ms`. */
bool registration_token_valid(const struct registration_token *token, int64_t now_ms);

/* Calls `each` for every token; stops at its first error and returns it. The text is borrowed. */
MUST_CHECK enum err registration_tokens_list(
    struct db *db, enum err (*each)(const struct registration_token *token, void *context), void *context);

/* Finds a token; its text lives in `arena`. ERR_NOT_FOUND. */
MUST_CHECK enum err registration_tokens_find(struct db *db, const char *text, struct arena *arena,
                                             struct registration_token *token);

/* Adds one. ERR_EXISTS. */
MUST_CHECK enum err registration_tokens_insert(struct db *db, const struct registration_token *token);

/* Sets `uses_allowed` and `expiry_ts` of the token of this text, or removes it. ERR_NOT_FOUND. */
MUST_CHECK enum err registration_tokens_update(struct db *db, const struct registration_token *token);
MUST_CHECK enum err registration_tokens_delete(struct db *db, const char *text);

#endif
