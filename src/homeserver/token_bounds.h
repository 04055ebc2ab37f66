/* SPDX-License-Identifier: ISC */
/* How often and until when a registration token can be used, as a change that waits says it. */
#ifndef HOMESERVER_TOKEN_BOUNDS_H
#define HOMESERVER_TOKEN_BOUNDS_H

#include "store/deferred.h"
#include "store/registration_tokens.h"

/* The parameters of DEFERRED_SET_REGISTRATION_TOKEN, which the caller frees; NULL when memory is gone. */
char *token_bounds_text(const struct registration_token *token);

/* Reads them into `uses_allowed` and `expiry_ts`. False: they are malformed, and nothing has changed. */
bool token_bounds_read(const char *text, struct registration_token *token);

/* The same from the change of this token that waits, if there is one: `*waits`. */
MUST_CHECK enum err token_bounds_waiting(struct db *db, struct arena *arena, struct registration_token *token,
                                         bool *waits);

#endif
