/* SPDX-License-Identifier: ISC */
#include "store/puppets.h"

static const char sql_insert[] =
    "INSERT INTO mxadmin_puppets (localpart, device_id, admin, valid_until_ts) VALUES (?1, ?2, ?3, ?4)";
static const char sql_delete[] = "DELETE FROM mxadmin_puppets WHERE localpart = ?1 AND device_id = ?2";

enum err puppets_insert(struct db *db, const struct puppet *puppet)
{
    return db_run(db, sql_insert,
                  DB_ARGS(DB_T(puppet->localpart), DB_T(puppet->device_id), DB_T(puppet->admin),
                          DB_I(puppet->valid_until_ts)),
                  NULL);
}

enum err puppets_delete(struct db *db, const char *localpart, const char *device_id)
{
    return db_run(db, sql_delete, DB_ARGS(DB_T(localpart), DB_T(device_id)), NULL);
}
