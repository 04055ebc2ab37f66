/* SPDX-License-Identifier: ISC */
/* userapi_registration_tokens. */
#ifndef STORE_REGISTRATION_TOKENS_H
#define STORE_REGISTRATION_TOKENS_H

#include <stdint.h>

/* A token that lets somebody register. */
struct registration_token {
    const char *token;
    int64_t uses_allowed; /* -1: without a bound */
    int64_t pending;      /* uses that were begun */
    int64_t completed;    /* uses that were completed */
    int64_t expiry_ts;    /* ms; -1: never */
};

#endif
