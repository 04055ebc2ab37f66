/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/db_engine.h"

/*
 * Pages a connection keeps for itself. The working set of a look-up is a few dozen pages of 4 KiB, the
 * system's page cache holds the rest for all workers together; so a pool of eight stays small.
 */
#define CACHE_KIB         "512"
#define BULK_CACHE_KIB    "32768" /* while DB_WRITE_BULK lasts */
#define READING_CACHE_KIB "16384" /* of a connection for reading: that is one that reads a lot */

/*
 * Pages in the write-ahead log that make the end of a transaction copy them into the file: as many as SQLite
 * has for that, or where it is left to db_tidy(), 128 MiB.
 */
#define WAL_PAGES       1000
#define WAL_PAGES_LATER 32768
#define WAL_KEPT        "33554432" /* bytes of the log's file that stay when it has been longer */

/* What SQLite's codes mean to us; an extended code stands before its primary one counts. The rest is ERR_IO.
 */
static const struct {
    int code;
    enum err err;
} codes[] = {
    {SQLITE_CONSTRAINT_UNIQUE, ERR_EXISTS},
    {SQLITE_CONSTRAINT_PRIMARYKEY, ERR_EXISTS},
    {SQLITE_CONSTRAINT_ROWID, ERR_EXISTS},
    {SQLITE_CONSTRAINT, ERR_INVALID},
    {SQLITE_BUSY, ERR_BUSY},
    {SQLITE_LOCKED, ERR_BUSY},
    {SQLITE_FULL, ERR_FULL},
    {SQLITE_CORRUPT, ERR_CORRUPT},
    {SQLITE_NOTADB, ERR_CORRUPT},
    {SQLITE_NOMEM, ERR_NOMEM},
    {SQLITE_TOOBIG, ERR_TOO_LARGE},
};

enum err db_code_err(const struct db *db, int code)
{
    int system = db_primary(code) == SQLITE_IOERR ? sqlite3_system_errno(db->handle) : 0;

    /* SQLite itself takes ENOSPC for "full", but neither a quota nor a limit on the size of files. */
    if (system == ENOSPC || system == EDQUOT || system == EFBIG)
        return ERR_FULL;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code || codes[i].code == db_primary(code))
            return codes[i].err;
    return ERR_IO;
}

/* As much of a statement as tells which it is: its constant text up to a space after some 40 characters. */
static int words(const char *sql)
{
    size_t length = strnlen(sql, 40);

    return (int)(length + strcspn(sql + length, " "));
}

enum err db_failed(struct db *db, int code, const char *sql)
{
    enum err e = db_foreign_failed(db, code) ? ERR_UNREACHABLE : db_code_err(db, code);

    if (e == ERR_UNREACHABLE && !db->foreign_lost) /* told, or nothing to tell: Dendrite starts */
        return e;
    if (e != ERR_EXISTS)
        log_error("database %s%s: %.*s: %s (SQLite code %d)", db->path,
                  db_attached(db) ? " or Dendrite's" : "", words(sql), sql, sqlite3_errmsg(db->handle), code);
    return e;
}

/* Runs a statement without values and rows. With `now` a lock is what the caller reckons with: it is not
 * logged. */
static enum err execute(struct db *db, const char *sql, bool now)
{
    struct stmt *stmt;
    int code;
    enum err e = db_start(db, sql, DB_NO_ARGS, &stmt);

    if (e)
        return e;
    code = sqlite3_step(stmt->handle);
    if (now && db_primary(code) == SQLITE_BUSY)
        e = ERR_BUSY;
    else if (code != SQLITE_DONE)
        e = db_failed(db, code, sql);
    db_done(&stmt);
    return e;
}

/* Sets the size of the page cache, and gives back what it holds beyond that. */
static void set_bulk(struct db *db, bool bulk)
{
    if (db->bulk == bulk)
        return;
    db->bulk = bulk;
    sqlite3_exec(db->handle,
                 bulk ? "PRAGMA cache_size = -" BULK_CACHE_KIB : "PRAGMA cache_size = -" CACHE_KIB, NULL,
                 NULL, NULL);
    if (!bulk)
        sqlite3_db_release_memory(db->handle);
}

/*
 * Copies into the file what no reader needs in the log. A failure loses nothing: the log has it all, and the
 * next checkpoint tries again.
 */
static void checkpoint(struct db *db)
{
    db->wal_pages = 0;
    sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* SQLite calls this at the end of each transaction that has written. */
static int committed(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct db *db = context;

    (void)handle;
    (void)name;
    db->wal_pages = pages;
    if (pages >= (db->tidy_later ? WAL_PAGES_LATER : WAL_PAGES))
        checkpoint(db);
    return SQLITE_OK;
}

void db_tidy_later(struct db *db)
{
    db->tidy_later = true;
}

void db_tidy(struct db *db)
{
    set_bulk(db, false);
    if (db->wal_pages >= WAL_PAGES)
        checkpoint(db);
}

/*
 * Looks every few milliseconds whether the lock is free. SQLite's own handler comes to steps of 100 ms, and
 * would hardly ever meet the moment between two batches of a large act.
 */
#define WAIT_STEP_MAX_MS 5
static int wait_for_lock(void *context, int count)
{
    const long step_ms = count < WAIT_STEP_MAX_MS ? count + 1 : WAIT_STEP_MAX_MS;
    const struct timespec step = {.tv_nsec = step_ms * 1000000};
    struct db *db = context;

    if (count == 0)
        db->waiting_since_ms = clock_monotonic_ms();
    if (clock_monotonic_ms() - db->waiting_since_ms >= DB_BUSY_TIMEOUT_MS)
        return 0;
    nanosleep(&step, NULL);
    return 1;
}

static const char sql_begin[] = "BEGIN", sql_begin_write[] = "BEGIN IMMEDIATE";
static const char sql_commit[] = "COMMIT", sql_rollback[] = "ROLLBACK";

/* Takes our own lock, and changes nothing. BEGIN IMMEDIATE would take a reader's on each attached file. */
static const char sql_lock[] = "UPDATE main.mxadmin_settings SET value = value WHERE 0";

static enum err begin_write(struct db *db, bool now)
{
    enum err e;

    if (!db_attached(db))
        return execute(db, sql_begin_write, now);
    e = execute(db, sql_begin, now);
    if (e)
        return e;
    e = execute(db, sql_lock, now);
    if (e)
        (void)!execute(db, sql_rollback, false);
    return e;
}

enum err db_begin(struct db *db, enum db_mode mode)
{
    enum err e;

    db->note = mode == DB_NOTE || mode == DB_NOTE_BULK;
    db->changes_before = sqlite3_total_changes64(db->handle);
    if (mode == DB_READ) {
        db_look_at_foreign(db);
        e = execute(db, sql_begin, false);
    } else if (mode == DB_WRITE_NOW) {
        sqlite3_busy_handler(db->handle, NULL, NULL);
        e = begin_write(db, true);
        sqlite3_busy_handler(db->handle, wait_for_lock, db);
    } else {
        e = begin_write(db, false);
    }
    set_bulk(db, !e && (mode == DB_WRITE_BULK || mode == DB_NOTE_BULK));
    return e;
}

void db_before_commit(struct db *db, enum err (*act)(void *context), void *context)
{
    db->before_commit.act = act;
    db->before_commit.context = context;
}

bool db_before_commit_forget(struct db *db)
{
    bool pending = db->before_commit.act;

    db_before_commit(db, NULL, NULL);
    return pending;
}

/* Commits, after what is asked for if there are changes. */
static enum err commit(struct db *db)
{
    bool heard =
        db->before_commit.act && !db->note && sqlite3_total_changes64(db->handle) != db->changes_before;
    enum err e = heard ? db->before_commit.act(db->before_commit.context) : ERR_OK;

    if (!e)
        e = execute(db, sql_commit, false);
    if (!e && heard)
        (void)db_before_commit_forget(db);
    return e;
}

enum err db_end(struct db *db, enum err err)
{
    if (!err)
        err = commit(db);
    /*
     * A full disk, a failed write or a lack of memory may have rolled back already. What goes wrong here is
     * in the log; the caller hears of what came first.
     */
    if (err && !sqlite3_get_autocommit(db->handle))
        (void)!execute(db, sql_rollback, false);
    return err;
}

const char *db_path(const struct db *db)
{
    return db->path;
}

/*
 * SQLite waits for locks by itself, but not for the one this takes: where two processes are about to make the
 * same change one of them is told at once that it is locked.
 */
enum err db_use_wal(struct db *db)
{
    static const char sql[] = "PRAGMA main.journal_mode = WAL";
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    int64_t deadline = clock_monotonic_ms() + DB_BUSY_TIMEOUT_MS;
    struct stmt *stmt;
    bool wal;
    int code;
    enum err e;

    for (;;) {
        e = db_start(db, sql, DB_NO_ARGS, &stmt);
        if (e)
            return e;
        code = sqlite3_step(stmt->handle);
        if (db_primary(code) != SQLITE_BUSY || clock_monotonic_ms() >= deadline)
            break;
        db_done(&stmt);
        nanosleep(&pause, NULL);
    }
    wal = code == SQLITE_ROW && strcmp(db_text(stmt, 0), "wal") == 0;
    if (code != SQLITE_ROW) {
        e = db_failed(db, code, sql);
    } else if (!wal) {
        log_error("database %s: the file system there cannot keep a write-ahead log; use a local one",
                  db->path);
        e = ERR_IO;
    }
    db_done(&stmt);
    return e;
}

/* Reads a little, so that a file that is no database is found out now. */
static enum err look_inside(struct db *db)
{
    static const char settings[] = "PRAGMA synchronous = FULL; PRAGMA cache_size = -" CACHE_KIB ";"
                                   "PRAGMA journal_size_limit = " WAL_KEPT ";"
                                   "SELECT COUNT(*) FROM sqlite_master";
    int code = sqlite3_exec(db->handle, settings, NULL, NULL, NULL);
    enum err e = code == SQLITE_OK ? ERR_OK : db_code_err(db, code);

    if (e == ERR_CORRUPT)
        log_error("database %s: %s; restore it from a backup, or name another file as `database`", db->path,
                  sqlite3_errmsg(db->handle));
    else if (e)
        log_error("database %s: %s", db->path, sqlite3_errmsg(db->handle));
    return e;
}

static enum err connect_to(struct db *db, int access_flag)
{
    int flags = access_flag | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_URI; /* in ATTACH */
    int code;
    enum err e;

    if (access(db->path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
        log_error("database %s: there is no such file; `mxadmin init` makes it", db->path);
        return ERR_NOT_FOUND;
    }
    code = sqlite3_open_v2(db->path, &db->handle, flags, NULL);
    if (code == SQLITE_NOMEM)
        return ERR_NOMEM;
    if (code != SQLITE_OK) {
        log_error("database %s: %s: %s", db->path, sqlite3_errmsg(db->handle),
                  strerror(sqlite3_system_errno(db->handle)));
        return db_code_err(db, code);
    }
    /* Without the right to write, SQLite opens a file for reading only, and says nothing. */
    if (access_flag == SQLITE_OPEN_READWRITE && sqlite3_db_readonly(db->handle, "main")) {
        log_error("database %s: this user may not write to it", db->path);
        return ERR_IO;
    }
    sqlite3_busy_handler(db->handle, wait_for_lock, db);
    sqlite3_wal_hook(db->handle, committed, db);
    e = db_like_add(db->handle);
    return e ? e : look_inside(db);
}

static enum err open_file(struct db **out, const char *path, int access_flag)
{
    struct db *db = calloc(1, sizeof *db);
    enum err e = ERR_NOMEM;

    *out = NULL;
    if (db)
        db->path = strdup(path);
    if (db && db->path)
        e = connect_to(db, access_flag);
    if (e)
        db_close(&db);
    *out = db;
    return e;
}

enum err db_open(struct db **out, const char *path)
{
    return open_file(out, path, SQLITE_OPEN_READWRITE);
}

enum err db_open_reading(struct db **out, const char *path)
{
    enum err e = open_file(out, path, SQLITE_OPEN_READONLY);

    if (!e)
        sqlite3_exec((*out)->handle, "PRAGMA cache_size = -" READING_CACHE_KIB, NULL, NULL, NULL);
    return e;
}

void db_close(struct db **db)
{
    struct db *closing = *db;

    *db = NULL;
    if (!closing)
        return;
    db_forget_statements(closing);
    sqlite3_close(closing->handle); /* rolls back */
    db_forget_foreign(closing);
    free(closing->path);
    free(closing);
}
