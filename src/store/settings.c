/* SPDX-License-Identifier: ISC */
#include "store/settings.h"

static const char sql_find[] = "SELECT value FROM mxadmin_settings WHERE name = ?1";
static const char sql_put[] = "INSERT INTO mxadmin_settings (name, value) VALUES (?1, ?2)"
                              " ON CONFLICT (name) DO UPDATE SET value = excluded.value";

enum err settings_find(struct db *db, const char *name, struct arena *arena, const char **value)
{
    struct stmt *stmt;
    bool row = false;
    enum err e = db_query(db, sql_find, DB_ARGS(DB_T(name)), &stmt);

    if (!e)
        e = db_step(stmt, &row);
    if (!e && !row)
        e = ERR_NOT_FOUND;
    if (!e)
        *value = db_copy(stmt, 0, arena, &e);
    db_done(&stmt);
    return e;
}

enum err settings_put(struct db *db, const char *name, const char *value)
{
    return db_run(db, sql_put, DB_ARGS(DB_T(name), DB_T(value)), NULL);
}
