/* SPDX-License-Identifier: ISC */
/* userapi_account_datas, and syncapi_account_data_type, by which clients hear of changes. */
#ifndef STORE_ACCOUNT_DATA_H
#define STORE_ACCOUNT_DATA_H

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* What a user keeps about a room ("" as its id: about all). */
struct account_data {
    const char *localpart;
    const char *server_name;
    const char *room_id;
    const char *type;
    const char *content; /* JSON */
};

/* Calls `each` for all that a user keeps, in the order of rooms and types; stops at its first error and
 * returns it. */
MUST_CHECK enum err account_data_list(struct db *db, const char *localpart, const char *server_name,
                                      enum err (*each)(const struct account_data *data, void *context),
                                      void *context);

/* What the user of `data` keeps about its room under its type, in `arena`. ERR_NOT_FOUND. */
MUST_CHECK enum err account_data_find(struct db *db, const struct account_data *data, struct arena *arena,
                                      const char **content);

/* Adds it, or replaces that of the same type. */
MUST_CHECK enum err account_data_put(struct db *db, const struct account_data *data);

#endif
