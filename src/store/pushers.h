/* SPDX-License-Identifier: ISC */
/* userapi_pushers: where notifications of a user are sent. */
#ifndef STORE_PUSHERS_H
#define STORE_PUSHERS_H

#include "base/err.h"
#include "store/db.h"

/* Client-Server API, "Push Notifications"; NULL is not set. */
struct pusher {
    const char *pushkey;
    const char *kind;
    const char *app_id;
    const char *app_display_name;
    const char *device_display_name;
    const char *device_id; /* of the session that has set it */
    const char *profile_tag;
    const char *lang;
    const char *data; /* JSON */
};

/* Calls `each` for every pusher of a user, oldest first; stops at its first error and returns it. */
MUST_CHECK enum err pushers_list(struct db *db, const char *localpart, const char *server_name,
                                 enum err (*each)(const struct pusher *pusher, void *context), void *context);

#endif
