/* SPDX-License-Identifier: ISC */
/*
 * Lists of all users. Dendrite's tables have no index for any order but that of names, and get none from us:
 * mxadmin_users keeps what lists are filtered, searched and ordered by, and mxadmin_user_counts how many
 * there are of each kind, so that a page anywhere in a long list costs no more than a walk along one index.
 * What a page then shows is read from the tables themselves.
 *
 * Who changes a user of our own database calls user_list_touch() in the same transaction. What Dendrite
 * changes is found by comparing, user_list_refresh().
 */
#ifndef STORE_USER_LIST_H
#define STORE_USER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

enum user_order {
    USER_ORDER_NAME,
    USER_ORDER_DISPLAY_NAME,
    USER_ORDER_AVATAR_URL,
    USER_ORDER_CREATED,
    USER_ORDER_LAST_SEEN,
    USER_ORDER_USER_TYPE,
    USER_ORDER_ADMIN,
    USER_ORDER_GUEST,
    USER_ORDER_DEACTIVATED,
    USER_ORDER_LOCKED,
    USER_ORDER_SUSPENDED,
    USER_ORDER_ERASED,
    USER_ORDER_SHADOW_BANNED, /* nobody is */
    USER_ORDER__MAX
};

/* Which users a flag lets through. */
enum user_flag { USER_FLAG_ANY, USER_FLAG_CLEAR, USER_FLAG_SET };

/* The types of users that a list leaves out. */
#define USER_TYPES_MAX 8
struct user_filter {
    const char *id;   /* a part of the user id, in any case; NULL: any */
    const char *name; /* a part of the localpart or of the display name, in any case; NULL: any */
    enum user_flag admin, guest, deactivated, locked, suspended, shadow_banned;
    bool no_ordinary;                      /* leaves out users without a type */
    const char *not_types[USER_TYPES_MAX]; /* and those of these types, up to a NULL or all */
};

struct user_page {
    enum user_order order; /* users who are equal in it follow by name, forwards */
    bool backwards;
    int64_t from, limit;
};

/*
 * The localparts of a page, `*count` of them, in `arena`, and how many users the filter lets through in all.
 * In the transaction that is open, or none.
 */
MUST_CHECK enum err user_list_page(struct db *db, const char *server_name, const struct user_filter *filter,
                                   const struct user_page *page, struct arena *arena,
                                   const char ***localparts, size_t *count, int64_t *total);

/* A user has changed, come or gone: in the transaction that has done it. In a file of Dendrite's alone, as
 * `mxadmin apply` opens it, there is no list. */
MUST_CHECK enum err user_list_touch(struct db *db, const char *localpart, const char *server_name);

/*
 * Compares all users with what is kept, in transactions of some ms, no transaction being open, unless that
 * was done lately: so lately that less than a twentieth of the time goes into it. `always`: even then.
 */
MUST_CHECK enum err user_list_refresh(struct db *db, const char *server_name, bool always);

#endif
