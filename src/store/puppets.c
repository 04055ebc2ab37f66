/* SPDX-License-Identifier: ISC */
#include "store/collect.h"
#include "store/puppets.h"

static const char sql_insert[] =
    "INSERT INTO mxadmin_puppets (localpart, device_id, admin, valid_until_ts) VALUES (?1, ?2, ?3, ?4)";
static const char sql_delete[] = "DELETE FROM mxadmin_puppets WHERE localpart = ?1 AND device_id = ?2";
static const char sql_of_admin[] = "SELECT localpart, device_id, admin, valid_until_ts FROM mxadmin_puppets"
                                   " WHERE admin = ?1 ORDER BY localpart, device_id";

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

static void take(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    *(struct puppet *)item = (struct puppet){
        .localpart = db_copy(stmt, 0, arena, e),
        .device_id = db_copy(stmt, 1, arena, e),
        .admin = db_copy(stmt, 2, arena, e),
        .valid_until_ts = db_int(stmt, 3),
    };
}

enum err puppets_of(struct db *db, const char *admin, struct arena *arena, struct puppet **puppets,
                    size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof(struct puppet)};
    enum err e = collect(db, sql_of_admin, DB_ARGS(DB_T(admin)), &list, take);

    *puppets = list.items;
    *count = list.count;
    return e;
}
