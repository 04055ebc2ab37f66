/* SPDX-License-Identifier: ISC */
#include "store/nonces.h"

static const char sql_sweep[] = "DELETE FROM mxadmin_nonces WHERE expires_ts <= ?1";
static const char sql_insert[] = "INSERT INTO mxadmin_nonces (nonce, expires_ts) SELECT ?1, ?2"
                                 " WHERE (SELECT COUNT(*) FROM mxadmin_nonces) < ?3";
static const char sql_find[] = "SELECT 1 FROM mxadmin_nonces WHERE nonce = ?1 AND expires_ts > ?2";
static const char sql_use[] = "DELETE FROM mxadmin_nonces WHERE nonce = ?1 AND expires_ts > ?2";

enum err nonces_insert(struct db *db, const char *nonce, int64_t now_ms)
{
    int64_t changes = 0;
    enum err e = db_run(db, sql_sweep, DB_ARGS(DB_I(now_ms)), NULL);

    if (!e)
        e = db_run(db, sql_insert, DB_ARGS(DB_T(nonce), DB_I(now_ms + NONCES_LIFETIME_MS), DB_I(NONCES_MAX)),
                   &changes);
    if (e)
        return e;
    return changes ? ERR_OK : ERR_LIMITED;
}

enum err nonces_find(struct db *db, const char *nonce, int64_t now_ms)
{
    int64_t one;

    return db_integer(db, sql_find, DB_ARGS(DB_T(nonce), DB_I(now_ms)), &one);
}

/* One statement: only one of those that try can be the one that deletes the row. */
enum err nonces_use(struct db *db, const char *nonce, int64_t now_ms)
{
    int64_t changes = 0;
    enum err e = db_run(db, sql_use, DB_ARGS(DB_T(nonce), DB_I(now_ms)), &changes);

    if (e)
        return e;
    return changes ? ERR_OK : ERR_NOT_FOUND;
}
