/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "crypto/digest.h"
#include "store/transactions.h"

static const char sql_find[] =
    "SELECT event_id FROM mxadmin_transactions WHERE token_hash = ?1 AND transaction_id = ?2";
static const char sql_insert[] =
    "INSERT INTO mxadmin_transactions (token_hash, transaction_id, event_id, created_ts)"
    " VALUES (?1, ?2, ?3, ?4)";
static const char sql_sweep[] = "DELETE FROM mxadmin_transactions WHERE created_ts <= ?1";

enum err transactions_find(struct db *db, const struct transaction *transaction, struct arena *arena,
                           const char **event_id)
{
    unsigned char hash[DIGEST_SHA256_SIZE];
    enum err e = digest_sha256(transaction->token, strlen(transaction->token), hash);

    if (e)
        return e;
    return db_string(db, sql_find, DB_ARGS(DB_B(hash, sizeof hash), DB_T(transaction->id)), arena, event_id);
}

enum err transactions_insert(struct db *db, const struct transaction *transaction, const char *event_id,
                             int64_t now_ms)
{
    unsigned char hash[DIGEST_SHA256_SIZE];
    enum err e = digest_sha256(transaction->token, strlen(transaction->token), hash);

    if (!e)
        e = db_run(db, sql_sweep, DB_ARGS(DB_I(now_ms - TRANSACTIONS_LIFETIME_MS)), NULL);
    if (!e)
        e = db_run(db, sql_insert,
                   DB_ARGS(DB_B(hash, sizeof hash), DB_T(transaction->id), DB_T(event_id), DB_I(now_ms)),
                   NULL);
    return e;
}
