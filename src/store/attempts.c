/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "matrix/id.h"
#include "store/attempts.h"

static const char sql_find[] = "SELECT failures, window_ends_ts FROM mxadmin_attempts"
                               " WHERE kind = ?1 AND name = ?2 AND window_ends_ts > ?3";
static const char sql_count[] =
    "INSERT INTO mxadmin_attempts (kind, name, failures, window_ends_ts) VALUES (?1, ?2, 1, ?4)"
    " ON CONFLICT (kind, name) DO UPDATE SET"
    " failures = CASE WHEN mxadmin_attempts.window_ends_ts > ?3"
    " THEN mxadmin_attempts.failures + 1 ELSE 1 END,"
    " window_ends_ts = CASE WHEN mxadmin_attempts.window_ends_ts > ?3"
    " THEN mxadmin_attempts.window_ends_ts ELSE excluded.window_ends_ts END"
    " RETURNING failures, window_ends_ts";
static const char sql_forget[] = "DELETE FROM mxadmin_attempts WHERE kind = ?1 AND name = ?2";
static const char sql_sweep[] = "DELETE FROM mxadmin_attempts WHERE window_ends_ts <= ?1";

static const char kind_account[] = "account", kind_address[] = "address";

/* What is asked of a row: answers with (failures, end of the window), or with no row. */
struct question {
    const char *sql;
    size_t args;   /* how many of kind, name, now, end of a new window */
    int64_t spare; /* failures over the limit that are still fine */
};
static const struct question look = {sql_find, 3, -1};
static const struct question add = {sql_count, 4, 0};

/*
 * A name longer than any identifier is nobody's: there is nothing to guess, and a stranger could fill the
 * disk with such rows.
 */
static bool countable(const char *name)
{
    size_t length = strnlen(name, ID_SIZE);

    return length > 0 && length < ID_SIZE;
}

static enum err ask(struct db *db, const struct question *question, const struct db_value *args,
                    int64_t limit, int64_t now_ms, int64_t *retry_after_ms)
{
    struct stmt *stmt;
    enum err e = db_query(db, question->sql, args, question->args, &stmt);

    if (db_next(stmt, &e) && db_int(stmt, 0) > limit + question->spare) {
        int64_t wait = db_int(stmt, 1) - now_ms;

        if (wait > *retry_after_ms)
            *retry_after_ms = wait;
        e = ERR_LIMITED;
    }
    db_done(&stmt);
    return e;
}

/* Asks about the account and about the address, about the second also when the first is limited. */
static enum err ask_both(struct db *db, const struct question *question, const struct attempt *attempt,
                         const struct attempt_limits *limits, int64_t now_ms, int64_t *retry_after_ms)
{
    const struct {
        const char *kind, *name;
        int64_t limit;
    } counts[] = {
        {kind_account, attempt->account, limits->per_account},
        {kind_address, attempt->address, limits->per_address},
    };
    enum err result = ERR_OK;

    *retry_after_ms = 0;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const struct db_value args[] = {DB_T(counts[i].kind), DB_T(counts[i].name), DB_I(now_ms),
                                        DB_I(now_ms + limits->window_ms)};
        enum err e = ERR_OK;

        if (counts[i].limit > 0 && countable(counts[i].name))
            e = ask(db, question, args, counts[i].limit, now_ms, retry_after_ms);
        if (e && e != ERR_LIMITED)
            return e;
        if (e)
            result = e;
    }
    return result;
}

enum err attempts_check(struct db *db, const struct attempt *attempt, const struct attempt_limits *limits,
                        int64_t now_ms, int64_t *retry_after_ms)
{
    return ask_both(db, &look, attempt, limits, now_ms, retry_after_ms);
}

enum err attempts_failed(struct db *db, const struct attempt *attempt, const struct attempt_limits *limits,
                         int64_t now_ms, int64_t *retry_after_ms)
{
    enum err e = db_run(db, sql_sweep, DB_ARGS(DB_I(now_ms)), NULL);

    *retry_after_ms = 0;
    return e ? e : ask_both(db, &add, attempt, limits, now_ms, retry_after_ms);
}

enum err attempts_succeeded(struct db *db, const struct attempt *attempt)
{
    if (!countable(attempt->account))
        return ERR_OK;
    return db_run(db, sql_forget, DB_ARGS(DB_T(kind_account), DB_T(attempt->account)), NULL);
}
