/* SPDX-License-Identifier: ISC */
/*
 * The files of a Dendrite beside ours, for reading only.
 *
 * While Dendrite runs they are read with its locks, like any file that others write to. In WAL mode a reader
 * needs the log and its index, and where it cannot write to the index it makes do with the marks that
 * Dendrite's own readers have left there. As long as it is attached it has the shared lock of the file, so
 * that a Dendrite that ends leaves both behind, for the next one to go on with.
 *
 * When nobody is attached, Dendrite deletes both at its end, and only who may write can make them anew.
 * Then, and only then, the file is read as one that nobody writes to ("immutable"), without any lock. Nobody
 * can write to it without the log being there first: so every row is handed out only after a look that found
 * no log, and the file as it was when it was attached.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "store/db_engine.h"

#define CACHE_KIB "512" /* as ours has */

/* Statements are known by the address of their text, so each schema has its own. */
#define STATEMENTS(n)                                                                                        \
    {                                                                                                        \
        "d" #n, "ATTACH ?1 AS d" #n, "DETACH d" #n, "PRAGMA d" #n ".journal_mode",                           \
            "PRAGMA d" #n ".cache_size = -" CACHE_KIB                                                        \
    }
static const struct {
    const char *name, *attach, *detach, *journal_mode, *cache_size;
} statements[DB_FOREIGN_MAX] = {
    STATEMENTS(0), STATEMENTS(1), STATEMENTS(2), STATEMENTS(3),
    STATEMENTS(4), STATEMENTS(5), STATEMENTS(6), STATEMENTS(7),
};

/*
 * A file's time stamp is that of the system's last tick. One that is no older than this cannot tell of a
 * change that comes now.
 */
#define TICK_NS      ((int64_t)20 * 1000 * 1000)
#define ATTEMPTS_MAX 5

#define TORN_ATTEMPTS 20
#define TORN_PAUSE_NS 500000 /* the writer needs a few instructions, and the processor for them */

static bool look_at(const char *path, struct file_state *state)
{
    struct stat status;

    if (stat(path, &status) < 0)
        return false;
    *state = (struct file_state){status.st_dev, status.st_ino, status.st_size, status.st_mtim};
    return true;
}

static bool is_same_file(const struct file_state *a, const struct file_state *b)
{
    return a->device == b->device && a->inode == b->inode;
}

static bool is_unchanged(const struct file_state *a, const struct file_state *b)
{
    return is_same_file(a, b) && a->size == b->size && a->modified.tv_sec == b->modified.tv_sec &&
           a->modified.tv_nsec == b->modified.tv_nsec;
}

/* Whether the file can be read as it is attached. */
static bool is_as_attached(const struct foreign *foreign)
{
    struct file_state now;

    if (!look_at(foreign->path, &now))
        return false;
    if (foreign->state == FOREIGN_LIVE)
        return is_same_file(&foreign->seen, &now);
    return access(foreign->wal, F_OK) < 0 && errno == ENOENT && is_unchanged(&foreign->seen, &now);
}

/* Whether the file may have been read: in a transaction it shows, but a statement on its own has ended its.
 */
static bool may_be_read(const struct db *db, size_t i)
{
    return sqlite3_get_autocommit(db->handle) ||
           sqlite3_txn_state(db->handle, statements[i].name) != SQLITE_TXN_NONE;
}

bool db_foreign_unchanged(const struct db *db)
{
    for (size_t i = 0; i < db->foreign_count; i++)
        if (db->foreign[i].state == FOREIGN_STILL && may_be_read(db, i) && !is_as_attached(&db->foreign[i]))
            return false;
    return true;
}

bool db_foreign_torn(int code, int attempt)
{
    if ((code != SQLITE_READONLY_RECOVERY && code != SQLITE_READONLY_ROLLBACK) || attempt >= TORN_ATTEMPTS)
        return false;
    nanosleep(&(struct timespec){.tv_nsec = TORN_PAUSE_NS}, NULL);
    return true;
}

/* Waits until the next change must have another time stamp than the last. */
static void wait_for_tick(const struct file_state *state)
{
    struct timespec now;
    int64_t age;

    clock_gettime(CLOCK_REALTIME, &now);
    age = (int64_t)(now.tv_sec - state->modified.tv_sec) * 1000000000 + now.tv_nsec - state->modified.tv_nsec;
    if (age > -TICK_NS && age < TICK_NS)
        nanosleep(&(struct timespec){.tv_nsec = 2 * TICK_NS}, NULL);
}

/* The URI of the file; `still`: nobody writes to it. The caller frees it with buf_free(). */
static enum err uri_of(const struct foreign *foreign, bool still, struct buf *uri)
{
    buf_puts(uri, "file:");
    for (const char *c = foreign->path; *c; c++) {
        if (strchr("%?#", *c))
            buf_printf(uri, "%%%02X", (unsigned char)*c);
        else
            buf_append(uri, c, 1);
    }
    buf_printf(uri, "?vfs=" DB_VFS_READING "&mode=ro&%s=1", still ? "immutable" : "readonly_shm");
    return uri->err;
}

/* Runs one of the statements, without a look at the files. `*code` is what SQLite said. */
static enum err run(struct db *db, const char *sql, const char *argument, int *code)
{
    const struct db_value value = DB_T(argument);
    struct stmt *stmt;
    enum err e = db_start(db, sql, &value, argument ? 1 : 0, &stmt);

    *code = SQLITE_NOMEM;
    if (e)
        return e;
    *code = db_step_code(stmt);
    db_done(&stmt);
    return ERR_OK;
}

/* Nothing runs, so that it fails for want of memory only. */
static enum err detach(struct db *db, size_t i)
{
    int code;
    enum err e = run(db, statements[i].detach, NULL, &code);

    if (!e && code == SQLITE_DONE)
        db->foreign[i].state = FOREIGN_ABSENT;
    return e || code == SQLITE_DONE ? e : ERR_NOMEM;
}

/* Attaches the file. Who calls tells what fails: `*code` is SQLite's. */
static enum err attach(struct db *db, size_t i, bool still, int *code)
{
    struct foreign *foreign = &db->foreign[i];
    struct buf uri = {0};
    enum err e = uri_of(foreign, still, &uri);

    if (!e)
        e = run(db, statements[i].attach, uri.data, code);
    if (!e && *code == SQLITE_DONE)
        foreign->state = still ? FOREIGN_STILL : FOREIGN_LIVE;
    buf_free(&uri);
    return e;
}

static enum err find_journal_mode(struct db *db, size_t i)
{
    struct stmt *stmt;
    enum err e = db_start(db, statements[i].journal_mode, DB_NO_ARGS, &stmt);

    db->foreign[i].rollback = e || db_step_code(stmt) != SQLITE_ROW || strcmp(db_text(stmt, 0), "wal") != 0;
    db_done(&stmt);
    return e;
}

/* Finds the file, which can be a link, and with it the log: it stands where the file itself does. */
static enum err find_file(struct foreign *foreign)
{
    char *real = realpath(foreign->path, NULL);
    size_t size = real ? strlen(real) + sizeof "-wal" : 0;
    char *wal = real ? malloc(size) : NULL;

    if (wal) {
        snprintf(wal, size, "%s-wal", real);
        free(foreign->wal);
        foreign->wal = wal;
    }
    free(real);
    if (wal && look_at(foreign->path, &foreign->seen))
        return ERR_OK;
    return errno == ENOMEM ? ERR_NOMEM : errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
}

/*
 * Attaches the file by the way that is right now. A log that comes or goes meanwhile, with the start or the
 * end of Dendrite, means once more. `*code`: what SQLite said last.
 */
static enum err attach_rightly(struct db *db, size_t i, int *code)
{
    struct foreign *foreign = &db->foreign[i];
    enum err e = find_file(foreign);

    for (int attempt = 0; !e && attempt < ATTEMPTS_MAX; attempt++) {
        e = attach(db, i, false, code);
        if (e || db_primary(*code) != SQLITE_CANTOPEN || access(foreign->wal, F_OK) == 0)
            return e;
        if (!look_at(foreign->path, &foreign->seen))
            return ERR_NOT_FOUND;
        wait_for_tick(&foreign->seen);
        e = attach(db, i, true, code);
        if (e || foreign->state != FOREIGN_STILL || is_as_attached(foreign))
            return e;
        e = detach(db, i);
    }
    return e;
}

/* What this user may not read of it; NULL: nothing. */
static const char *forbidden(const struct foreign *foreign)
{
    if (access(foreign->path, R_OK) < 0 && errno == EACCES)
        return "this user may not read it";
    if (foreign->wal && access(foreign->wal, R_OK) < 0 && errno == EACCES)
        return "this user may not read its write-ahead log";
    return NULL;
}

/* Why the file could not be attached. */
static const char *reason_of(const struct db *db, const struct foreign *foreign, int code)
{
    if (access(foreign->path, F_OK) < 0 && errno != EACCES)
        return strerror(errno);
    if (forbidden(foreign))
        return forbidden(foreign);
    if (code == SQLITE_READONLY_ROLLBACK)
        return "it was left in the middle of a change, which the next start of Dendrite takes back";
    return sqlite3_errmsg(db->handle);
}

/* What passes with Dendrite's next start or step is ERR_UNREACHABLE. */
static enum err error_of(const struct db *db, int code)
{
    switch (db_primary(code)) {
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_BUSY:
        return ERR_UNREACHABLE;
    default:
        return db_code_err(db, code);
    }
}

/* Attaches one that is not, and says once why it cannot. */
static enum err look(struct db *db, size_t i)
{
    struct foreign *foreign = &db->foreign[i];
    int code = SQLITE_DONE;
    enum err e = attach_rightly(db, i, &code);

    if (!e && foreign->state == FOREIGN_ABSENT)
        e = forbidden(foreign) ? ERR_IO : error_of(db, code);
    if (!e)
        e = find_journal_mode(db, i);
    if (!e)
        e = run(db, statements[i].cache_size, NULL, &code);
    if (e && !foreign->told)
        log_error("Dendrite's database %s: %s", foreign->path,
                  e == ERR_NOMEM ? err_text(e) : reason_of(db, foreign, code));
    foreign->told = e;
    return e;
}

void db_look_at_foreign(struct db *db)
{
    enum err first = ERR_OK;

    for (size_t i = 0; i < db->foreign_count; i++) {
        struct foreign *foreign = &db->foreign[i];
        enum err e = ERR_OK;

        if (foreign->state != FOREIGN_ABSENT && (db->foreign_lost || !is_as_attached(foreign)))
            e = detach(db, i);
        if (!e && foreign->state == FOREIGN_ABSENT)
            e = look(db, i);
        if (!first)
            first = e;
    }
    db->foreign_lost = false;
    db->foreign_err = first;
}

/*
 * A table that is missing is one of a file that is not attached, which was told. A file whose mode or log has
 * changed under an open connection, as they can while Dendrite is down, is attached anew by the next look.
 */
bool db_foreign_failed(struct db *db, int code)
{
    const int primary = db_primary(code);

    if (db->foreign_count == 0)
        return false;
    if ((primary == SQLITE_ERROR && db->foreign_err) || !db_foreign_unchanged(db))
        return true;
    db->foreign_lost = primary == SQLITE_READONLY || primary == SQLITE_CANTOPEN;
    return db->foreign_lost;
}

bool db_attached(const struct db *db)
{
    return db->foreign_count > 0;
}

size_t db_foreign_count(const struct db *db)
{
    return db->foreign_count;
}

const char *db_foreign_path(const struct db *db, size_t i)
{
    return db->foreign[i].path;
}

enum db_foreign db_foreign_how(const struct db *db, size_t i)
{
    const struct foreign *foreign = &db->foreign[i];

    if (foreign->state == FOREIGN_LIVE)
        return foreign->rollback ? DB_FOREIGN_ROLLBACK : DB_FOREIGN_LOG;
    return foreign->state == FOREIGN_STILL ? DB_FOREIGN_STILL : DB_FOREIGN_ABSENT;
}

bool db_reading_blocks(const struct db *db)
{
    for (size_t i = 0; i < db->foreign_count; i++)
        if (db_foreign_how(db, i) == DB_FOREIGN_ROLLBACK)
            return true;
    return false;
}

/* Whether one of the files before is the same, by another name. */
static bool is_known(const struct db *db, const char *path)
{
    struct file_state state, other;

    if (!look_at(path, &state))
        return false;
    for (size_t i = 0; i < db->foreign_count; i++)
        if (look_at(db->foreign[i].path, &other) && is_same_file(&state, &other))
            return true;
    return false;
}

/* Our own file is written to, and so cannot be one of them. */
static bool is_ours(const struct db *db, const char *path)
{
    struct file_state state, ours;

    return look_at(path, &state) && look_at(db->path, &ours) && is_same_file(&state, &ours);
}

static enum err add(struct db *db, const char *path)
{
    if (is_ours(db, path)) {
        log_error("database %s: it is Dendrite's; name another file as `database`", path);
        return ERR_CORRUPT;
    }
    if (is_known(db, path))
        return ERR_OK;
    if (db->foreign_count == DB_FOREIGN_MAX) {
        log_error("more than %d databases of Dendrite's cannot be attached", DB_FOREIGN_MAX);
        return ERR_INVALID;
    }
    db->foreign[db->foreign_count].path = strdup(path);
    if (!db->foreign[db->foreign_count].path)
        return ERR_NOMEM;
    db->foreign_count++;
    return ERR_OK;
}

enum err db_attach(struct db *db, const char *const *paths, size_t count)
{
    enum err e = db_vfs_register();

    for (size_t i = 0; i < count && !e; i++)
        e = add(db, paths[i]);
    if (e)
        return e;
    db_look_at_foreign(db);
    return db->foreign_err == ERR_UNREACHABLE ? ERR_OK : db->foreign_err;
}

void db_forget_foreign(struct db *db)
{
    for (size_t i = 0; i < db->foreign_count; i++) {
        free(db->foreign[i].path);
        free(db->foreign[i].wal);
    }
    db->foreign_count = 0;
}
