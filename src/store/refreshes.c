/* SPDX-License-Identifier: ISC */
#include "store/refreshes.h"

#define SHARE "20" /* the part of the time that may go into it: one of so many */

/* A clock that was set back makes it due, too. */
static const char sql_rests[] =
    "SELECT COUNT(*) FROM mxadmin_refreshes WHERE name = ?1 AND refreshed_ts <= ?2"
    " AND ?2 - refreshed_ts <= took_ms * " SHARE;
static const char sql_begun[] = "SELECT COUNT(*) FROM mxadmin_refreshes WHERE name = ?1";
static const char sql_done[] =
    "INSERT INTO mxadmin_refreshes (name, refreshed_ts, took_ms) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (name) DO UPDATE SET refreshed_ts = excluded.refreshed_ts, took_ms = excluded.took_ms";
static const char sql_forget[] = "DELETE FROM mxadmin_refreshes WHERE name = ?1";

enum err refreshes_due(struct db *db, const char *name, int64_t now_ms, bool *due)
{
    int64_t rests = 0;
    enum err e = db_integer(db, sql_rests, DB_ARGS(DB_T(name), DB_I(now_ms)), &rests);

    *due = rests == 0;
    return e;
}

enum err refreshes_begun(struct db *db, const char *name, bool *begun)
{
    int64_t rows = 0;
    enum err e = db_integer(db, sql_begun, DB_ARGS(DB_T(name)), &rows);

    *begun = rows > 0;
    return e;
}

enum err refreshes_done(struct db *db, const char *name, int64_t now_ms, int64_t took_ms)
{
    return db_run(db, sql_done, DB_ARGS(DB_T(name), DB_I(now_ms), DB_I(took_ms)), NULL);
}

enum err refreshes_forget(struct db *db, const char *name)
{
    return db_run(db, sql_forget, DB_ARGS(DB_T(name)), NULL);
}
