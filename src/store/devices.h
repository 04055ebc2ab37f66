/* SPDX-License-Identifier: ISC */
/* userapi_devices: a device is a session, its row holds the access token. */
#ifndef STORE_DEVICES_H
#define STORE_DEVICES_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/accounts.h"
#include "store/db.h"

struct device {
    const char *device_id;
    const char *display_name; /* NULL: none */
    int64_t last_seen_ts;     /* ms */
    const char *address;      /* "" when it is not known */
    const char *user_agent;   /* "" when it is not known */
};

/* Who an access token belongs to. */
struct token_owner {
    const char *localpart;
    const char *device_id;
    enum account_type type;     /* also by what waits for Dendrite to be down: store/deferred.h */
    enum account_type own_type; /* what Dendrite itself takes the account for */
    int64_t last_seen_ts;       /* ms */
    bool locked;                /* the account is */
    bool suspended;             /* likewise */
    bool puppet;                /* the session is an admin's (store/puppets.h) */
    int64_t valid_until_ts;     /* ms, of such a session; 0: for ever */
};

/*
 * Finds the owner of an access token of an account that is not deactivated; texts live in `arena`.
 * Errors: ERR_NOT_FOUND and those of db_step().
 */
MUST_CHECK enum err devices_find_token(struct db *db, const char *token, const char *server_name,
                                       struct arena *arena, struct token_owner *owner);

/*
 * The access token of a user's device, or, for `device_id` NULL, of the oldest: a session that has begun just
 * now may be about to end. It lives in `arena`. ERR_NOT_FOUND: there is no such device, or it has no session.
 */
MUST_CHECK enum err devices_token(struct db *db, const char *localpart, const char *server_name,
                                  const char *device_id, struct arena *arena, const char **token);

/* The session of an access token, a number that no other has. ERR_NOT_FOUND. */
MUST_CHECK enum err devices_session(struct db *db, const char *token, int64_t *session_id);

/* Adds a device, or replaces the one with the same id (its old token ends); `device->last_seen_ts` is its
 * birth. */
MUST_CHECK enum err devices_put(struct db *db, const char *localpart, const char *server_name,
                                const char *token, const struct device *device);

/*
 * End one session, or all of a user but the one of `except_token` (NULL: all). Other rows that belong to a
 * device (its pushers) go with it. ERR_NOT_FOUND only from the first.
 */
MUST_CHECK enum err devices_delete(struct db *db, const char *localpart, const char *server_name,
                                   const char *device_id);
MUST_CHECK enum err devices_delete_all(struct db *db, const char *localpart, const char *server_name,
                                       const char *except_token);

/* Notes that a device was seen. */
MUST_CHECK enum err devices_seen(struct db *db, const char *localpart, const char *server_name,
                                 const struct device *device);

/* Whether the user has a device of this id. */
MUST_CHECK enum err devices_exists(struct db *db, const char *localpart, const char *server_name,
                                   const char *device_id, bool *exists);

/* Gives a device another name; NULL: none. ERR_NOT_FOUND. */
MUST_CHECK enum err devices_rename(struct db *db, const char *localpart, const char *server_name,
                                   const char *device_id, const char *display_name);

/* Calls `each` for every device of a user, newest seen first; stops at its first error and returns it. */
MUST_CHECK enum err devices_list(struct db *db, const char *localpart, const char *server_name,
                                 enum err (*each)(const struct device *device, void *context), void *context);

/* A session of a user. */
struct idle_device {
    const char *localpart;
    const char *device_id;
};

/*
 * Finds sessions that were not used since `before_ts`, of users who are no application services, and of which
 * it is known when they were used or began: those among the devices after the one of `localpart` and
 * `device_id` (both "": all), as many as some ms allow; these two then name the last that was looked at. All
 * texts live in `arena`.
 */
struct idle_search {
    const char *server_name;
    int64_t before_ts;
    const char *localpart;
    const char *device_id;
    struct idle_device *devices;
    size_t count;
    bool over; /* there are no more */
};
MUST_CHECK enum err devices_idle(struct db *db, struct idle_search *search, struct arena *arena);

/* The same of one; ERR_NOT_FOUND: it has gone. */
MUST_CHECK enum err devices_is_idle(struct db *db, const char *server_name, const char *localpart,
                                    const char *device_id, int64_t before_ts, bool *idle);

#endif
