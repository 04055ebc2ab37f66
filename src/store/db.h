/* SPDX-License-Identifier: ISC */
/*
 * The database engine behind one small interface; nothing outside src/store/ knows that it is SQLite.
 * Statements are constant texts, prepared once a connection and kept; values are always bound. The caller
 * owns the transaction: store functions run inside whatever is open.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

struct db;

#define DB_BUSY_TIMEOUT_MS 10000

/*
 * Opens the file `path`, which must exist (schema_create() makes one), for reading and writing, with
 * synchronous=FULL. Nothing in the file is changed: it may turn out to be somebody else's. One connection a
 * process; it does not survive fork(2). The caller closes it with db_close(). Errors, each logged with what
 * to do: ERR_NOT_FOUND, ERR_IO (not writable is one), ERR_CORRUPT (no database, or a damaged one), ERR_NOMEM.
 */
MUST_CHECK enum err db_open(struct db **db, const char *path);

/*
 * Opens it for reading only: not a byte of the file is changed, not even by what a killed process left to be
 * written into it. Errors as db_open().
 */
MUST_CHECK enum err db_open_reading(struct db **db, const char *path);

/* The most files of another program that can stand beside ours: a Dendrite has one a component. */
#define DB_FOREIGN_MAX 8

/*
 * Puts `count` files of a running Dendrite beside ours, which is open and has mxadmin_settings; their tables
 * then have the names that they have without this. Of those no file is ever opened for writing, also no
 * write-ahead log and no index of one, and none is made or deleted (db_vfs.c). The rules for who uses it:
 *
 * - A transaction that writes reads nothing of Dendrite's: it would hold its lock until our disk is done.
 * - One that reads is short; for what it holds up see db_reading_blocks().
 * - What is read while Dendrite does not run comes from a file that nobody has open. When somebody begins to,
 *   what was begun fails with ERR_UNREACHABLE; what begins after that is right again.
 *
 * - Nobody else in the process opens one: when one is closed, all the locks of the process on it go.
 *
 * A file that cannot be read for a reason that passes fails whoever reads from it, with ERR_UNREACHABLE, but
 * not this. Errors, each logged with what to do: ERR_NOT_FOUND, ERR_IO (this user may not read it),
 * ERR_CORRUPT (no database, a damaged one, or ours), ERR_INVALID (too many), ERR_NOMEM.
 */
MUST_CHECK enum err db_attach(struct db *db, const char *const *paths, size_t count);

/* Whether there are such files, so that the tables but those of ours (mxadmin_*) can only be read. */
bool db_attached(const struct db *db);

/* How many of them there are, and the path of each; borrowed. */
size_t db_foreign_count(const struct db *db);
const char *db_foreign_path(const struct db *db, size_t i);

/* How each is read, as the last look found it. */
enum db_foreign {
    DB_FOREIGN_ABSENT,   /* it cannot be */
    DB_FOREIGN_ROLLBACK, /* its changes go through a rollback journal */
    DB_FOREIGN_LOG,      /* through a write-ahead log: WAL mode */
    DB_FOREIGN_STILL     /* the same, and nobody has it open */
};
enum db_foreign db_foreign_how(const struct db *db, size_t i);

/*
 * Whether whoever reads holds up Dendrite's writes, as it does in the mode of rollback journals. Dendrite
 * waits for a few seconds and then stops with a panic, so work that takes longer than DB_SLICE_MS is to be
 * cut into pieces, with a db_end() and a db_begin() between each two.
 */
bool db_reading_blocks(const struct db *db);
#define DB_SLICE_MS 100

/* The path that was opened; borrowed. */
const char *db_path(const struct db *db);

/*
 * Puts the file into WAL mode, which lasts: readers then neither wait for writers nor hold them up. Errors:
 * ERR_BUSY (others used the file all the time for DB_BUSY_TIMEOUT_MS), ERR_IO (also where the file system
 * cannot do it), ERR_FULL.
 */
MUST_CHECK enum err db_use_wal(struct db *db);

/* Rolls back what is open, closes, and sets to NULL. NULL inside is allowed. */
void db_close(struct db **db);

/* A bound value. */
enum db_type { DB_NULL, DB_INTEGER, DB_TEXT, DB_BLOB };
struct db_value {
    enum db_type type;
    int64_t integer;
    const void *bytes; /* borrowed until the statement is done; NULL binds NULL */
    size_t size;       /* bytes of a blob; a text ends with NUL */
};
#define DB_I(x)    ((struct db_value){.type = DB_INTEGER, .integer = (x)})
#define DB_T(x)    ((struct db_value){.type = DB_TEXT, .bytes = (x)})
#define DB_B(x, n) ((struct db_value){.type = DB_BLOB, .bytes = (x), .size = (n)})
/* A text, not NULL, as a BLOB: JSON where Dendrite keeps it as one, and cannot read TEXT. */
#define DB_BYTES(x) DB_B(x, strlen(x))

/* The arguments of a statement, in the order of its ?1, ?2, …: DB_ARGS(DB_T(localpart), DB_I(now)). */
#define DB_ARGS(...)                                                                                         \
    (const struct db_value[]){__VA_ARGS__}, sizeof((struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)
#define DB_NO_ARGS NULL, 0

/* A running statement; valid until db_done(). */
struct stmt;

/*
 * Starts the statement `sql`, a constant text that outlives the connection (its address is the key of the
 * prepared statement). On success the caller ends it with db_done(). Errors: ERR_NOMEM, ERR_IO (logged).
 */
MUST_CHECK enum err db_query(struct db *db, const char *sql, const struct db_value *args, size_t count,
                             struct stmt **stmt);

/* Goes to the next row; `*row` is false after the last one. Errors: ERR_BUSY, ERR_FULL, ERR_EXISTS (a
 * uniqueness constraint), ERR_CORRUPT, ERR_NOMEM, ERR_UNREACHABLE (Dendrite's file), ERR_IO (logged). */
MUST_CHECK enum err db_step(struct stmt *stmt, bool *row);

/*
 * The same as the condition of a loop over the rows, or of what is done with a row that there may be: whether
 * there is another one. `*err`, which db_query() has set, ends the loop when it is not ERR_OK, and becomes
 * what a step fails with.
 */
MUST_CHECK bool db_next(struct stmt *stmt, enum err *err);

/*
 * The two as one, for a statement of at most one row: on success `*stmt` is at it, and the caller ends it
 * with db_done(). Errors: ERR_NOT_FOUND (there is no row), and those of both; then `*stmt` is NULL.
 */
MUST_CHECK enum err db_first(struct db *db, const char *sql, const struct db_value *args, size_t count,
                             struct stmt **stmt);

/* Ends the statement so that it can be started again, and sets to NULL. NULL inside is allowed. */
void db_done(struct stmt **stmt);

/* Columns of the current row, from 0. Texts are borrowed until the next step; NULL is NULL. */
int64_t db_int(struct stmt *stmt, int column);
const char *db_text(struct stmt *stmt, int column);
bool db_is_null(struct stmt *stmt, int column);

/* A copy of a text column in `arena`, NULL for NULL; sets `*err` to ERR_NOMEM when memory is gone, else
 * leaves it. */
const char *db_copy(struct stmt *stmt, int column, struct arena *arena, enum err *err);

/* Runs a statement that has no rows, or whose rows do not matter; `*changes` (may be NULL) is the rows
 * changed. */
MUST_CHECK enum err db_run(struct db *db, const char *sql, const struct db_value *args, size_t count,
                           int64_t *changes);

/*
 * Runs a statement that adds one row to a table that numbers its rows; `*nid` becomes the row's number.
 * (RETURNING would do that as well, but takes SQLite as long again as the insertion.)
 */
MUST_CHECK enum err db_insert(struct db *db, const char *sql, const struct db_value *args, size_t count,
                              int64_t *nid);

/* Runs a statement of one integer; ERR_NOT_FOUND when it has no row. */
MUST_CHECK enum err db_integer(struct db *db, const char *sql, const struct db_value *args, size_t count,
                               int64_t *value);

/* The same of a text, a copy of which, or NULL for NULL, is put into `arena`. */
MUST_CHECK enum err db_string(struct db *db, const char *sql, const struct db_value *args, size_t count,
                              struct arena *arena, const char **value);

/*
 * A transaction. DB_WRITE takes the write lock at once (BEGIN IMMEDIATE), waiting up to DB_BUSY_TIMEOUT_MS,
 * so that it cannot fail in its middle for a lock; DB_WRITE_NOW is the same without waiting, DB_WRITE_BULK
 * with memory for some ten thousand rows, which would otherwise be written and read again and again, and
 * which lasts until a transaction of another kind or db_tidy(). DB_NOTE is DB_WRITE for what the program
 * keeps for itself, such as counters of failures: it is nobody's change, and db_before_commit() passes it
 * over; DB_NOTE_BULK is both. The lock is that of our own file alone. Errors: ERR_BUSY, ERR_IO.
 */
enum db_mode { DB_READ, DB_WRITE, DB_WRITE_NOW, DB_WRITE_BULK, DB_NOTE, DB_NOTE_BULK };
MUST_CHECK enum err db_begin(struct db *db, enum db_mode mode);

/*
 * Ends a transaction: commits if `err` is ERR_OK, rolls back otherwise. Returns `err`, or the commit's own
 * failure (after which all is rolled back). With ERR_OK the change is on the disk.
 */
MUST_CHECK enum err db_end(struct db *db, enum err err);

/*
 * What is committed is safe in a log beside the file. Once that is long, the end of a transaction copies it
 * into the file: all of it is written and synchronised a second time, and what several transactions changed,
 * several times. After db_tidy_later() that is left to db_tidy(), to be called between two acts when nobody
 * waits for an answer; a log of 128 MiB is still seen to at once.
 */
void db_tidy_later(struct db *db);
void db_tidy(struct db *db);

/*
 * Has `act` run with `context` at the end of the next transaction that changes a row, inside it, so that what
 * it writes is there if and only if the change is. An error of `act` rolls all back. It stays asked for until
 * a transaction with it has been committed. One at a time.
 */
void db_before_commit(struct db *db, enum err (*act)(void *context), void *context);

/* Takes that back. True if it was still to come: nothing was changed, or not for good. */
bool db_before_commit_forget(struct db *db);

#endif
