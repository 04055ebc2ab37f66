/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/db_engine.h"
#include "store/db_locked.h"

/* Those who read need a moment; nobody else has a reason to have the file. */
#define PATIENCE_MS 500

/*
 * The mode counts from the first reading on: in WAL mode, the lock is then that of the whole file, in place
 * of one in the index of the log.
 */
static const char *const sql_lock[] = {
    [DB_LOCK_ALL] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE",
    [DB_LOCK_WRITERS] = "PRAGMA synchronous = FULL; BEGIN EXCLUSIVE",
};

static enum err take_lock(struct db *db, enum db_lock lock)
{
    int code = sqlite3_exec(db->handle, sql_lock[lock], NULL, NULL, NULL);
    enum err e = code == SQLITE_OK ? ERR_OK : db_code_err(db, code);

    if (e && e != ERR_BUSY)
        log_error("database %s: it cannot be locked: %s", db->path, sqlite3_errmsg(db->handle));
    return e;
}

static enum err open_file(struct db *db)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(db->path, &db->handle, flags, NULL);

    if (code == SQLITE_NOMEM)
        return ERR_NOMEM;
    if (code != SQLITE_OK) {
        log_error("database %s: %s: %s", db->path, sqlite3_errmsg(db->handle),
                  strerror(sqlite3_system_errno(db->handle)));
        return sqlite3_system_errno(db->handle) == ENOENT ? ERR_NOT_FOUND : db_code_err(db, code);
    }
    /* Without the right to write, SQLite opens a file for reading only, and says nothing. */
    if (sqlite3_db_readonly(db->handle, "main")) {
        log_error("database %s: this user may not write to it", db->path);
        return ERR_IO;
    }
    sqlite3_busy_timeout(db->handle, PATIENCE_MS);
    return ERR_OK;
}

enum err db_open_locked(struct db **out, const char *path, enum db_lock lock)
{
    struct db *db = calloc(1, sizeof *db);
    enum err e = ERR_NOMEM;

    if (db) {
        db->theirs = true;
        db->path = strdup(path);
    }
    if (db && db->path)
        e = open_file(db);
    if (!e)
        e = take_lock(db, lock);
    if (e)
        db_close(&db);
    *out = db;
    return e;
}

bool db_is_theirs(const struct db *db)
{
    return db->theirs;
}
