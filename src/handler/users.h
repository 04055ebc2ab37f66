/* SPDX-License-Identifier: ISC */
#ifndef HANDLER_USERS_H
#define HANDLER_USERS_H

#include "handler/call.h"

/*
 * The user as Synapse shows one, with "pending", which names what waits until the homeserver is started
 * again, if something does. NULL after the answer has become 404 M_NOT_FOUND "User not found", or another
 * error.
 */
json_t *user_show(struct call *call, const char *localpart);

/* Whether the caller may ask for this change of a user; false after the answer has become 400: nobody demotes
 * oneself, no user is deactivated and locked, no password has less than PASSWORD_LENGTH_MIN characters. */
MUST_CHECK bool user_change_allowed(struct call *call, const char *localpart,
                                    const struct account_change *change);

/* Makes the answer what a change that failed with `e` means. Always returns NULL. */
json_t *user_change_fail(struct call *call, enum err e);

#endif
