/* SPDX-License-Identifier: ISC */
/* Statements: prepared once a connection and kept, by the address of their text. */
#include <assert.h>
#include <stdlib.h>

#include "store/db_engine.h"

#define PLACES_FIRST ((size_t)64) /* a power of two */

/* The place of the statement with the text at `sql`, or the free one where it belongs. */
static struct stmt **place_of(struct stmt **places, size_t size, const char *sql)
{
    /* Fibonacci hashing: constant texts lie side by side, the product spreads them. */
    size_t i = (size_t)(((uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15)) >> 32);

    for (i &= size - 1; places[i] && places[i]->sql != sql; i = (i + 1) & (size - 1))
        continue;
    return &places[i];
}

/* Sees to it that one more statement can be kept. */
static enum err make_place(struct db *db)
{
    size_t size = db->size ? db->size * 2 : PLACES_FIRST;
    struct stmt **places;

    if (db->count + 1 <= db->size / 4 * 3)
        return ERR_OK;
    places = calloc(size, sizeof(struct stmt *));
    if (!places)
        return ERR_NOMEM;
    for (size_t i = 0; i < db->size; i++)
        if (db->places[i])
            *place_of(places, size, db->places[i]->sql) = db->places[i];
    free(db->places);
    db->places = places;
    db->size = size;
    return ERR_OK;
}

static void stmt_free(struct stmt *stmt)
{
    if (stmt)
        sqlite3_finalize(stmt->handle);
    free(stmt);
}

static enum err stmt_prepare(struct db *db, const char *sql, struct stmt **out)
{
    struct stmt *stmt = calloc(1, sizeof *stmt);
    int code, attempt = 0;

    if (!stmt)
        return ERR_NOMEM;
    *stmt = (struct stmt){.db = db, .sql = sql};
    do
        code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt->handle, NULL);
    while (db_foreign_torn(code, ++attempt));
    if (code != SQLITE_OK) {
        stmt_free(stmt);
        return db_failed(db, code, sql);
    }
    *out = stmt;
    return ERR_OK;
}

/* The statement for `sql`, not running: the kept one, or a new one. */
static enum err stmt_get(struct db *db, const char *sql, struct stmt **out)
{
    struct stmt **place;
    enum err e = make_place(db);

    if (e)
        return e;
    place = place_of(db->places, db->size, sql);
    if (*place && !(*place)->running) {
        *out = *place;
        return ERR_OK;
    }
    e = stmt_prepare(db, sql, out);
    if (!e && !*place) { /* a callback may run the statement whose rows it is given: that one is not kept */
        (*out)->kept = true;
        *place = *out;
        db->count++;
    }
    return e;
}

static int bind(sqlite3_stmt *handle, int index, const struct db_value *value)
{
    switch (value->type) {
    case DB_INTEGER:
        return sqlite3_bind_int64(handle, index, value->integer);
    case DB_TEXT: /* a NULL pointer binds NULL */
        return sqlite3_bind_text(handle, index, value->bytes, -1, SQLITE_STATIC);
    case DB_BLOB:
        return sqlite3_bind_blob64(handle, index, value->bytes, value->size, SQLITE_STATIC);
    case DB_NULL:
        break;
    }
    return sqlite3_bind_null(handle, index);
}

enum err db_start(struct db *db, const char *sql, const struct db_value *args, size_t count,
                  struct stmt **stmt)
{
    int code = SQLITE_OK;
    enum err e;

    *stmt = NULL;
    e = stmt_get(db, sql, stmt);
    if (e)
        return e;
    assert((size_t)sqlite3_bind_parameter_count((*stmt)->handle) == count);
    (*stmt)->running = true;
    db->running++;
    for (size_t i = 0; i < count && code == SQLITE_OK; i++)
        code = bind((*stmt)->handle, (int)i + 1, &args[i]);
    if (code != SQLITE_OK) {
        e = db_failed(db, code, sql);
        db_done(stmt);
    }
    return e;
}

enum err db_query(struct db *db, const char *sql, const struct db_value *args, size_t count,
                  struct stmt **stmt)
{
    if (db->foreign_count > 0 && db->running == 0 && sqlite3_get_autocommit(db->handle))
        db_look_at_foreign(db);
    return db_start(db, sql, args, count, stmt);
}

/* It is the first step of a statement that begins to read a file, so that nothing is lost by another. */
int db_step_code(struct stmt *stmt)
{
    int code = sqlite3_step(stmt->handle);

    for (int attempt = 1; db_foreign_torn(code, attempt); attempt++) {
        sqlite3_reset(stmt->handle);
        code = sqlite3_step(stmt->handle);
    }
    return code;
}

enum err db_step(struct stmt *stmt, bool *row)
{
    int code = db_step_code(stmt);

    *row = code == SQLITE_ROW;
    if (sqlite3_stmt_readonly(stmt->handle) && !db_foreign_unchanged(stmt->db)) {
        *row = false;
        return ERR_UNREACHABLE;
    }
    return code == SQLITE_ROW || code == SQLITE_DONE ? ERR_OK : db_failed(stmt->db, code, stmt->sql);
}

bool db_next(struct stmt *stmt, enum err *err)
{
    bool row = false;

    if (!*err)
        *err = db_step(stmt, &row);
    return !*err && row;
}

void db_done(struct stmt **stmt)
{
    struct stmt *done = *stmt;

    *stmt = NULL;
    if (!done)
        return;
    /* Repeats the error of the last step, which was reported then. Bound values are borrowed: let go of them.
     */
    sqlite3_reset(done->handle);
    sqlite3_clear_bindings(done->handle);
    done->running = false;
    done->db->running--;
    if (!done->kept)
        stmt_free(done);
}

int64_t db_int(struct stmt *stmt, int column)
{
    return sqlite3_column_int64(stmt->handle, column);
}

const char *db_text(struct stmt *stmt, int column)
{
    return (const char *)sqlite3_column_text(stmt->handle, column);
}

bool db_is_null(struct stmt *stmt, int column)
{
    return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}

const char *db_copy(struct stmt *stmt, int column, struct arena *arena, enum err *err)
{
    const char *copy;

    if (db_is_null(stmt, column))
        return NULL;
    copy = arena_strdup(arena, db_text(stmt, column));
    if (!copy)
        *err = ERR_NOMEM;
    return copy;
}

enum err db_first(struct db *db, const char *sql, const struct db_value *args, size_t count,
                  struct stmt **stmt)
{
    bool row = false;
    enum err e = db_query(db, sql, args, count, stmt);

    if (!e)
        e = db_step(*stmt, &row);
    if (!e && row)
        return ERR_OK;
    db_done(stmt);
    return e ? e : ERR_NOT_FOUND;
}

enum err db_run(struct db *db, const char *sql, const struct db_value *args, size_t count, int64_t *changes)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, args, count, &stmt);

    while (db_next(stmt, &e))
        continue;
    if (!e && changes)
        *changes = sqlite3_changes64(db->handle);
    db_done(&stmt);
    return e;
}

enum err db_insert(struct db *db, const char *sql, const struct db_value *args, size_t count, int64_t *nid)
{
    enum err e = db_run(db, sql, args, count, NULL);

    if (!e)
        *nid = sqlite3_last_insert_rowid(db->handle);
    return e;
}

enum err db_integer(struct db *db, const char *sql, const struct db_value *args, size_t count, int64_t *value)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql, args, count, &stmt);

    if (!e)
        *value = db_int(stmt, 0);
    db_done(&stmt);
    return e;
}

enum err db_string(struct db *db, const char *sql, const struct db_value *args, size_t count,
                   struct arena *arena, const char **value)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql, args, count, &stmt);

    if (!e)
        *value = db_copy(stmt, 0, arena, &e);
    db_done(&stmt);
    return e;
}

void db_forget_statements(struct db *db)
{
    for (size_t i = 0; i < db->size; i++)
        stmt_free(db->places[i]);
    free(db->places);
    db->places = NULL;
    db->size = db->count = 0;
}
