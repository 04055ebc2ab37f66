/* SPDX-License-Identifier: ISC */
/* What the files of user lists share; nobody else includes it. */
#ifndef STORE_USER_LIST_ROWS_H
#define STORE_USER_LIST_ROWS_H

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
