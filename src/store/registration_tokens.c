/* SPDX-License-Identifier: ISC */
#include "store/registration_tokens.h"

/* In Dendrite's table, what has no bound is NULL. */
#define COLUMNS                                                                                              \
    "token, COALESCE(uses_allowed, -1), COALESCE(pending, 0), COALESCE(completed, 0),"                       \
    " COALESCE(expiry_time, -1)"
/* In the order in which they were made, as Dendrite's list is: no row says when that was. */
static const char sql_list[] = "SELECT " COLUMNS " FROM userapi_registration_tokens";
static const char sql_find[] = "SELECT " COLUMNS " FROM userapi_registration_tokens WHERE token = ?1";
static const char sql_insert[] =
    "INSERT INTO userapi_registration_tokens (token, uses_allowed, pending, completed, expiry_time)"
    " VALUES (?1, ?2, ?3, ?4, ?5)";
static const char sql_update[] =
    "UPDATE userapi_registration_tokens SET uses_allowed = ?2, expiry_time = ?3 WHERE token = ?1";
static const char sql_delete[] = "DELETE FROM userapi_registration_tokens WHERE token = ?1";

static struct db_value bound(int64_t value)
{
    return value < 0 ? (struct db_value){.type = DB_NULL} : DB_I(value);
}

/* The token in the current row; the text is borrowed. */
static struct registration_token current(struct stmt *stmt)
{
    return (struct registration_token){
        .token = db_text(stmt, 0),
        .uses_allowed = db_int(stmt, 1),
        .pending = db_int(stmt, 2),
        .completed = db_int(stmt, 3),
        .expiry_ts = db_int(stmt, 4),
    };
}

bool registration_token_valid(const struct registration_token *token, int64_t now_ms)
{
    bool unused = token->uses_allowed < 0 || token->uses_allowed > token->pending + token->completed;

    return unused && (token->expiry_ts < 0 || token->expiry_ts > now_ms);
}

enum err registration_tokens_list(struct db *db,
                                  enum err (*each)(const struct registration_token *token, void *context),
                                  void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_NO_ARGS, &stmt);

    while (db_next(stmt, &e)) {
        const struct registration_token token = current(stmt);

        e = each(&token, context);
    }
    db_done(&stmt);
    return e;
}

enum err registration_tokens_find(struct db *db, const char *text, struct arena *arena,
                                  struct registration_token *token)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_find, DB_ARGS(DB_T(text)), &stmt);

    if (!e) {
        *token = current(stmt);
        token->token = db_copy(stmt, 0, arena, &e);
    }
    db_done(&stmt);
    return e;
}

enum err registration_tokens_insert(struct db *db, const struct registration_token *token)
{
    return db_run(db, sql_insert,
                  DB_ARGS(DB_T(token->token), bound(token->uses_allowed), DB_I(token->pending),
                          DB_I(token->completed), bound(token->expiry_ts)),
                  NULL);
}

/* Runs a statement that changes one token. */
static enum err change(struct db *db, const char *sql, const struct db_value *args, size_t count)
{
    int64_t changes = 0;
    enum err e = db_run(db, sql, args, count, &changes);

    return !e && changes == 0 ? ERR_NOT_FOUND : e;
}

enum err registration_tokens_update(struct db *db, const struct registration_token *token)
{
    return change(db, sql_update,
                  DB_ARGS(DB_T(token->token), bound(token->uses_allowed), bound(token->expiry_ts)));
}

enum err registration_tokens_delete(struct db *db, const char *text)
{
    return change(db, sql_delete, DB_ARGS(DB_T(text)));
}
