/* SPDX-License-Identifier: ISC */
/* What every homeserver asks of a change to an account. */
#ifndef HOMESERVER_ACCOUNT_CHANGE_H
#define HOMESERVER_ACCOUNT_CHANGE_H

#include "homeserver/homeserver.h"

/*
 * Finds out what has to be refused, before anything is changed, of an account that is there or yet to be
 * made. ERR_INVALID: a guest or the user of an application service is to be an admin; ERR_EXISTS: an external
 * id is another user's.
 */
MUST_CHECK enum err account_change_check(struct db *db, const char *localpart, enum account_type type,
                                         const struct account_change *change);

/* The type that an account is to have: of guests and the like it is no change that they are no admins. */
enum account_type account_change_type(enum account_type type, const struct account_change *change);

#endif
