/* SPDX-License-Identifier: ISC */
/* How much media each user has uploaded: from mxadmin_media_users, or, where a time is asked for, from
 * mxadmin_media. What is shown is as up to date as the lists of media and of users are. */
#ifndef STORE_MEDIA_STATISTICS_H
#define STORE_MEDIA_STATISTICS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

enum media_user_order {
    MEDIA_USER_ORDER_ID,
    MEDIA_USER_ORDER_DISPLAY_NAME,
    MEDIA_USER_ORDER_LENGTH,
    MEDIA_USER_ORDER_COUNT,
    MEDIA_USER_ORDER__MAX
};

struct media_user_page {
    enum media_user_order order; /* who is equal in it follows by id, forwards */
    bool backwards;
    int64_t from, limit;
    int64_t from_ts, until_ts; /* of uploads; INT64_MAX: until now */
    const char *search;        /* a part of the id or of the display name, in any case; NULL: any */
};

struct media_user {
    const char *user_id;
    const char *display_name; /* NULL: none */
    int64_t count;
    int64_t length; /* bytes */
};

/* Calls `each` for the users of a page, whose texts are borrowed, and stops at its first error; and how many
 * there are in all. In the transaction that is open, or none. */
MUST_CHECK enum err media_statistics_users(struct db *db, const char *server_name,
                                           const struct media_user_page *page, struct arena *arena,
                                           enum err (*each)(const struct media_user *user, void *context),
                                           void *context, int64_t *total);

#endif
