/* SPDX-License-Identifier: ISC */
#include "store/settings.h"

static const char sql_find[] = "SELECT value FROM mxadmin_settings WHERE name = ?1";
static const char sql_put[] = "INSERT INTO mxadmin_settings (name, value) VALUES (?1, ?2)"
                              " ON CONFLICT (name) DO UPDATE SET value = excluded.value";

enum err settings_find(struct db *db, const char *name, struct arena *arena, const char **value)
{
    return db_string(db, sql_find, DB_ARGS(DB_T(name)), arena, value);
}

enum err settings_put(struct db *db, const char *name, const char *value)
{
    return db_run(db, sql_put, DB_ARGS(DB_T(name), DB_T(value)), NULL);
}
