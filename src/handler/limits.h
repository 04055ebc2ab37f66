/* SPDX-License-Identifier: ISC */
/* How often a password or a MAC may be wrong, by account and by address, as the configuration says. */
#ifndef HANDLER_LIMITS_H
#define HANDLER_LIMITS_H

#include <stdbool.h>

#include "handler/call.h"

/*
 * Whether the caller may try at all, asked before anything is hashed. `account` is the localpart that is
 * tried, "" for none. False after the answer has become 429, or what the database says.
 */
MUST_CHECK bool limits_allow(struct call *call, const char *account);

/*
 * Counts a failed try and makes the answer `error` with `text`, or 429 when others used the limit up while
 * this one was being checked. Always returns NULL.
 */
json_t *limits_failed(struct call *call, const char *account, enum api_error error, const char *text);

/* Forgets the failures of an account that has just proved its password. */
void limits_succeeded(struct call *call, const char *account);

#endif
