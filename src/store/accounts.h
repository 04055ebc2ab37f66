/* SPDX-License-Identifier: ISC */
/* userapi_accounts and userapi_profiles. Functions take the localpart of a local user; the server is the
 * database's. */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* Dendrite's numbers. */
enum account_type { ACCOUNT_USER = 1, ACCOUNT_GUEST = 2, ACCOUNT_ADMIN = 3, ACCOUNT_APPSERVICE = 4 };

struct account {
    const char *localpart;
    const char *password_hash; /* NULL or "": the account has no password */
    enum account_type type;
    bool deactivated;
    int64_t created_ts; /* ms */
};

/* Finds an account; its texts live in `arena`. Errors: ERR_NOT_FOUND and those of db_step(). */
MUST_CHECK enum err accounts_find(struct db *db, const char *localpart, const char *server_name,
                                  struct arena *arena, struct account *account);

/* The type of an account: the cheapest way to ask whether there is one. ERR_NOT_FOUND when there is not. */
MUST_CHECK enum err accounts_type(struct db *db, const char *localpart, const char *server_name,
                                  enum account_type *type);

/* Adds an account and its profile. `display_name` NULL: none. Errors: ERR_EXISTS and those of db_step(). */
MUST_CHECK enum err accounts_insert(struct db *db, const struct account *account, const char *server_name,
                                    const char *display_name);

/* Change one column. ERR_NOT_FOUND when there is no such account. */
MUST_CHECK enum err accounts_set_password(struct db *db, const char *localpart, const char *server_name,
                                          const char *hash);
MUST_CHECK enum err accounts_set_type(struct db *db, const char *localpart, const char *server_name,
                                      enum account_type type);
/* Marks the account deactivated and removes its password, third-party ids, pushers, login and OpenID tokens.
 */
MUST_CHECK enum err accounts_deactivate(struct db *db, const char *localpart, const char *server_name);
MUST_CHECK enum err accounts_reactivate(struct db *db, const char *localpart, const char *server_name);

/* Calls `each` for every account in the order of localparts; stops at its first error and returns it. */
MUST_CHECK enum err accounts_list(struct db *db, const char *server_name,
                                  enum err (*each)(const struct account *account, void *context),
                                  void *context);

struct profile {
    const char *display_name; /* NULL or "": none */
    const char *avatar_url;
};
/* ERR_NOT_FOUND when there is no account. */
MUST_CHECK enum err profiles_find(struct db *db, const char *localpart, const char *server_name,
                                  struct arena *arena, struct profile *profile);

/* Replaces the profile of an account. NULL is none. */
MUST_CHECK enum err profiles_put(struct db *db, const char *localpart, const char *server_name,
                                 const struct profile *profile);

#endif
