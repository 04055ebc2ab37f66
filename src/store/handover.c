/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <unistd.h>

#include "store/db_engine.h"
#include "store/handover.h"
#include "store/schema.h"
#include "store/settings.h"

#define MARK "handover_of" /* the name of a setting */

static const char sql_unmark[] = "DELETE FROM mxadmin_settings WHERE name = '" MARK "'";
static const char sql_scrypt_accounts[] =
    "SELECT COUNT(*) FROM userapi_accounts WHERE password_hash LIKE '$s1$%' AND NOT is_deactivated";
static const char sql_attach[] = "ATTACH ?1 AS own", sql_detach[] = "DETACH own";

/* What is ours, by its name; an index goes with its table. */
#define OURS "FROM main.sqlite_master WHERE name LIKE 'mxadmin\\_%' ESCAPE '\\'"
static const char sql_tables[] = "SELECT name " OURS " AND type = 'table'";
static const char sql_things[] = "SELECT type, name " OURS " AND sql IS NOT NULL ORDER BY type DESC";

/* The numbers that were given already, also to rows that are gone. */
static const char *const sql_numbers[] = {
    "DELETE FROM own.sqlite_sequence",
    "INSERT INTO own.sqlite_sequence (name, seq) SELECT name, seq FROM main.sqlite_sequence"
    " WHERE name LIKE 'mxadmin\\_%' ESCAPE '\\'",
};

enum err handover_source(const char *path, struct arena *arena, const char **source)
{
    struct db *db = NULL;
    bool has = false;
    enum err e;

    if (access(path, F_OK) < 0 && errno == ENOENT)
        return ERR_NOT_FOUND;
    e = db_open_reading(&db, path);
    if (!e)
        e = schema_has_table(db, "mxadmin_settings", &has);
    if (!e)
        e = has ? settings_find(db, MARK, arena, source) : ERR_NOT_FOUND;
    db_close(&db);
    return e;
}

/* Runs a statement that is made for one table; sqlite3_mprintf()'s %w quotes a name. */
static enum err run_text(struct db *db, char *sql)
{
    int code = sql ? sqlite3_exec(db->handle, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
    enum err e = code == SQLITE_OK ? ERR_OK : sql ? db_failed(db, code, sql) : ERR_NOMEM;

    sqlite3_free(sql);
    return e;
}

/* Both files have the same tables with the same columns: the same migrations have made them. */
static enum err copy_tables(struct db *db)
{
    struct stmt *stmt = NULL;
    enum err e = db_query(db, sql_tables, DB_NO_ARGS, &stmt);

    while (db_next(stmt, &e))
        e = run_text(db, sqlite3_mprintf("DELETE FROM own.\"%w\"; INSERT INTO own.\"%w\""
                                         " SELECT * FROM main.\"%w\"",
                                         db_text(stmt, 0), db_text(stmt, 0), db_text(stmt, 0)));
    db_done(&stmt);
    for (size_t i = 0; !e && i < sizeof sql_numbers / sizeof *sql_numbers; i++)
        e = db_run(db, sql_numbers[i], DB_NO_ARGS, NULL);
    return e;
}

static enum err copy_into(struct db *db, const char *path)
{
    enum err e = db_run(db, sql_attach, DB_ARGS(DB_T(path)), NULL);

    if (e)
        return e;
    e = db_begin(db, DB_WRITE);
    if (!e)
        e = db_end(db, copy_tables(db));
    if (db_run(db, sql_detach, DB_NO_ARGS, NULL) && !e)
        e = ERR_IO;
    return e;
}

/* Opens the new file, writes the mark or takes it away, and closes: its log is then part of it. */
static enum err set_mark(const char *path, const char *source)
{
    struct db *db = NULL;
    enum err e = db_open(&db, path);

    if (!e)
        e = db_begin(db, DB_WRITE);
    if (!e)
        e = db_end(db, source ? settings_put(db, MARK, source) : db_run(db, sql_unmark, DB_NO_ARGS, NULL));
    db_close(&db);
    return e;
}

enum err handover_copy(struct db *db, const char *path, const char *server_name)
{
    struct db *own = NULL;
    enum err e = schema_open_beside(&own, path, server_name);

    db_close(&own);
    if (!e)
        e = copy_into(db, path);
    return e ? e : set_mark(path, db_path(db));
}

enum err handover_remove(struct db *db)
{
    struct stmt *stmt = NULL;
    struct arena *arena = arena_new();
    bool row = true;
    enum err e = arena ? db_begin(db, DB_WRITE) : ERR_NOMEM;

    if (e)
        goto out;
    /* What is listed changes with what is removed, so it is asked for anew each time. */
    while (!e && row) {
        const char *type = NULL, *name = NULL;

        e = db_query(db, sql_things, DB_NO_ARGS, &stmt);
        if (!e)
            e = db_step(stmt, &row);
        if (!e && row) {
            type = db_copy(stmt, 0, arena, &e);
            name = db_copy(stmt, 1, arena, &e);
        }
        db_done(&stmt);
        if (!e && row)
            e = run_text(db, sqlite3_mprintf("DROP %s main.\"%w\"", type, name));
    }
    e = db_end(db, e);
out:
    arena_free(&arena);
    return e;
}

enum err handover_finish(const char *path)
{
    return set_mark(path, NULL);
}

enum err handover_scrypt_accounts(struct db *db, int64_t *count)
{
    return db_integer(db, sql_scrypt_accounts, DB_NO_ARGS, count);
}
