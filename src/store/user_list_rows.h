/* SPDX-License-Identifier: ISC */
/* What the files of users and of their lists share; nobody else includes it. */
#ifndef STORE_USER_LIST_ROWS_H
#define STORE_USER_LIST_ROWS_H

#include "store/puppets.h"

/*
 * When a user was seen last (ms; 0: never), in a statement where `a` is userapi_accounts: sessions in which
 * an admin acts as the user do not count.
 */
#define USER_LAST_SEEN                                                                                       \
    "COALESCE((SELECT MAX(d.last_seen_ts) FROM userapi_devices d WHERE d.localpart = a.localpart"            \
    " AND d.server_name = a.server_name AND " PUPPETS_NONE "), 0)"

/* Bits of mxadmin_users.flags. */
enum {
    USER_ADMIN = 1,
    USER_GUEST = 2,
    USER_DEACTIVATED = 4,
    USER_LOCKED = 8,
    USER_SUSPENDED = 16,
    USER_ERASED = 32,
    USER_SHADOW_BANNED = 64 /* nobody is */
};

#endif
