/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/schema.h"
#include "store/schema_dendrite.h"
#include "store/schema_own.h"

static const char sql_create_migrations[] =
    "CREATE TABLE IF NOT EXISTS mxadmin_migrations (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
    " applied_ts BIGINT NOT NULL)";
static const char sql_insert_migration[] =
    "INSERT INTO mxadmin_migrations (version, name, applied_ts) VALUES (?1, ?2, ?3)";
static const char sql_last_migration[] = "SELECT COALESCE(MAX(version), 0) FROM mxadmin_migrations";

static const char sql_count_table[] = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
static const char sql_count_all[] = "SELECT COUNT(*) FROM sqlite_master";

static const char sql_insert_dendrite_migration[] =
    "INSERT INTO db_migrations (version, time, dendrite_version) VALUES (?1, ?2, ?3)";
static const char sql_count_dendrite_migration[] = "SELECT COUNT(*) FROM db_migrations WHERE version = ?1";
static const char sql_dendrite_migrations[] = "SELECT version FROM db_migrations";

static const char sql_insert_server_name[] =
    "INSERT INTO mxadmin_settings (name, value) VALUES ('server_name', ?1) ON CONFLICT (name) DO NOTHING";
static const char sql_setting[] = "SELECT value FROM mxadmin_settings WHERE name = ?1";
/* A server name of Dendrite's accounts, the one asked for before all others. */
static const char sql_account_server_name[] =
    "SELECT server_name FROM userapi_accounts ORDER BY server_name <> ?1 LIMIT 1";

enum owner {
    OWNER_NOBODY,   /* an empty database */
    OWNER_OURS,     /* made or completed by us */
    OWNER_DENDRITE, /* Dendrite's, without our tables */
    OWNER_BESIDE,   /* our tables alone, beside a Dendrite */
    OWNER_STRANGER
};

enum err schema_has_table(struct db *db, const char *name, bool *has)
{
    int64_t count = 0;
    enum err e = db_integer(db, sql_count_table, DB_ARGS(DB_T(name)), &count);

    *has = count > 0;
    return e;
}

static enum err find_owner(struct db *db, enum owner *owner)
{
    bool ours = false, migrations_table = false, accounts = false;
    int64_t count = 0;
    enum err e = schema_has_table(db, "mxadmin_migrations", &ours);

    if (!e)
        e = schema_has_table(db, "db_migrations", &migrations_table);
    if (!e)
        e = schema_has_table(db, "userapi_accounts", &accounts);
    if (!e)
        e = db_integer(db, sql_count_all, DB_NO_ARGS, &count);
    if (migrations_table && accounts)
        *owner = ours ? OWNER_OURS : OWNER_DENDRITE;
    else if (ours && !migrations_table && !accounts)
        *owner = OWNER_BESIDE;
    else
        *owner = count > 0 ? OWNER_STRANGER : OWNER_NOBODY;
    return e;
}

static bool known_to_dendrite(const char *migration)
{
    for (size_t i = 0; i < dendrite_migrations_count; i++)
        if (strcmp(dendrite_migrations[i], migration) == 0)
            return true;
    return false;
}

/* Refuses a database with a migration of Dendrite's that this program has never heard of. */
static enum err refuse_newer_dendrite(struct db *db)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_dendrite_migrations, DB_NO_ARGS, &stmt);

    while (db_next(stmt, &e))
        if (!known_to_dendrite(db_text(stmt, 0))) {
            log_error("database %s: a Dendrite newer than " DENDRITE_VERSION
                      " has changed it (\"%s\"); use a newer mxadmin",
                      db_path(db), db_text(stmt, 0));
            e = ERR_CORRUPT;
        }
    db_done(&stmt);
    return e;
}

/* Refuses a database without all of Dendrite's migrations: our statements would not fit its tables. */
static enum err refuse_older_dendrite(struct db *db)
{
    int64_t count = 0;
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < dendrite_migrations_count; i++) {
        e = db_integer(db, sql_count_dendrite_migration, DB_ARGS(DB_T(dendrite_migrations[i])), &count);
        if (!e && count == 0) {
            log_error(
                "database %s: it lacks Dendrite's \"%s\", so it is of a Dendrite older than " DENDRITE_VERSION
                ", or holds only some of its components; start a newer Dendrite on it once, or give all"
                " components one database",
                db_path(db), dendrite_migrations[i]);
            e = ERR_CORRUPT;
        }
    }
    return e;
}

static enum err refuse_newer_mxadmin(struct db *db)
{
    int64_t version = 0;
    enum err e = db_integer(db, sql_last_migration, DB_NO_ARGS, &version);

    if (!e && version > own_migrations_count) {
        log_error(
            "database %s: a newer mxadmin has changed it (its tables have version %lld, this program knows"
            " %lld); use that one",
            db_path(db), (long long)version, (long long)own_migrations_count);
        e = ERR_CORRUPT;
    }
    return e;
}

/* Refuses a database of another server: ours by what was recorded, Dendrite's by its accounts. */
static enum err refuse_other_server(struct db *db, enum owner owner, const char *server_name)
{
    const bool theirs = owner == OWNER_DENDRITE;
    const char *sql = theirs ? sql_account_server_name : sql_setting;
    const struct db_value arg = theirs ? DB_T(server_name) : DB_T("server_name");
    struct stmt *stmt;
    enum err e = db_query(db, sql, &arg, 1, &stmt);

    if (db_next(stmt, &e) && strcmp(db_text(stmt, 0), server_name) != 0) {
        log_error("database %s: it is of the server %s, not of %s; correct `server_name` or `database`",
                  db_path(db), db_text(stmt, 0), server_name);
        e = ERR_CORRUPT;
    }
    db_done(&stmt);
    return e;
}

/* Finds out whose database it is, and refuses it with ERR_CORRUPT if it is not one to work on. */
static enum err inspect(struct db *db, const char *server_name, enum owner *owner)
{
    enum err e = find_owner(db, owner);

    if (e || *owner == OWNER_NOBODY)
        return e;
    if (*owner == OWNER_STRANGER) {
        log_error(
            "database %s: its tables are neither mxadmin's nor Dendrite's; name another file as `database`",
            db_path(db));
        return ERR_CORRUPT;
    }
    if (*owner == OWNER_BESIDE) {
        log_error(
            "database %s: it is what mxadmin keeps beside a Dendrite; set homeserver.kind to dendrite, or "
            "name another file as `database`",
            db_path(db));
        return ERR_CORRUPT;
    }
    if (*owner == OWNER_OURS)
        e = refuse_newer_mxadmin(db);
    if (!e)
        e = refuse_newer_dendrite(db);
    if (!e)
        e = refuse_older_dendrite(db);
    return e ? e : refuse_other_server(db, *owner, server_name);
}

/* The same, of one moment: another process may be making the tables. */
static enum err inspect_at_once(struct db *db, const char *server_name, enum owner *owner)
{
    enum err e = db_begin(db, DB_READ);

    return e ? e : db_end(db, inspect(db, server_name, owner));
}

static enum err run_all(struct db *db, const char *const *statements, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count && statements[i]; i++)
        e = db_run(db, statements[i], DB_NO_ARGS, NULL);
    return e;
}

static enum err fill_dendrite_migrations(struct db *db)
{
    time_t now = (time_t)(clock_now_ms() / 1000);
    char text[sizeof "2026-01-01T00:00:00Z"];
    struct tm tm;
    enum err e = ERR_OK;

    if (!gmtime_r(&now, &tm) || strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return ERR_IO;
    for (size_t i = 0; !e && i < dendrite_migrations_count; i++)
        e = db_run(db, sql_insert_dendrite_migration,
                   DB_ARGS(DB_T(dendrite_migrations[i]), DB_T(text), DB_T(DENDRITE_VERSION)), NULL);
    return e;
}

/* Brings our own tables to the newest version, inside the transaction that is open. */
static enum err migrate(struct db *db)
{
    int64_t version = 0;
    enum err e = db_run(db, sql_create_migrations, DB_NO_ARGS, NULL);

    if (!e)
        e = db_integer(db, sql_last_migration, DB_NO_ARGS, &version);
    for (; !e && version < own_migrations_count; version++) {
        e = run_all(db, own_migrations[version].statements, SIZE_MAX);
        if (!e)
            e = db_run(db, sql_insert_migration,
                       DB_ARGS(DB_I(version + 1), DB_T(own_migrations[version].name), DB_I(clock_now_ms())),
                       NULL);
    }
    return e;
}

/* Makes whatever is missing, inside the transaction that is open. */
static enum err complete(struct db *db, const char *server_name)
{
    enum owner owner;
    enum err e = inspect(db, server_name, &owner); /* again, now that nobody can change it */

    if (!e)
        e = run_all(db, dendrite_statements, dendrite_statements_count);
    if (!e && owner == OWNER_NOBODY)
        e = fill_dendrite_migrations(db);
    if (!e)
        e = migrate(db);
    if (!e)
        e = db_run(db, sql_insert_server_name, DB_ARGS(DB_T(server_name)), NULL);
    return e;
}

/*
 * Makes the file, if there is none, with nothing in it; it is never readable by others. If what follows fails
 * the empty file stays: it is as good as none, and another process may be filling it already.
 */
static enum err make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0)
        return close(fd) == 0 ? ERR_OK : ERR_IO;
    if (errno == EEXIST)
        return ERR_OK;
    log_error("database %s: cannot be made: %s", path, strerror(errno));
    return errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
}

enum err schema_create(const char *path, const char *server_name)
{
    struct db *db = NULL;
    enum owner owner;
    enum err e = make_file(path);

    if (!e)
        e = db_open(&db, path);
    if (!e) /* what is refused is not locked for writing: it may be in use */
        e = inspect_at_once(db, server_name, &owner);
    if (!e)
        e = db_begin(db, DB_WRITE);
    if (!e)
        e = db_end(db, complete(db, server_name));
    if (!e)
        e = db_use_wal(db);
    db_close(&db);
    return e;
}

/* Refuses a database with more in it than mxadmin keeps beside a Dendrite. */
static enum err inspect_beside(struct db *db, const char *server_name, enum owner *owner)
{
    enum err e = find_owner(db, owner);

    if (e || *owner == OWNER_NOBODY)
        return e;
    if (*owner != OWNER_BESIDE) {
        log_error(
            "database %s: it is not what mxadmin keeps beside a Dendrite; name another file as `database`",
            db_path(db));
        return ERR_CORRUPT;
    }
    e = refuse_newer_mxadmin(db);
    return e ? e : refuse_other_server(db, *owner, server_name);
}

static enum err complete_beside(struct db *db, const char *server_name)
{
    enum owner owner;
    enum err e = inspect_beside(db, server_name, &owner); /* again, now that nobody can change it */

    if (!e)
        e = migrate(db);
    if (!e)
        e = db_run(db, sql_insert_server_name, DB_ARGS(DB_T(server_name)), NULL);
    return e;
}

/* Whether nothing is missing that mxadmin keeps beside a Dendrite. */
static enum err is_complete_beside(struct db *db, const char *server_name, bool *complete)
{
    enum owner owner;
    int64_t version = 0;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = inspect_beside(db, server_name, &owner);
    if (!e && owner == OWNER_BESIDE)
        e = db_integer(db, sql_last_migration, DB_NO_ARGS, &version);
    *complete = version == own_migrations_count;
    return db_end(db, e);
}

enum err schema_open_beside(struct db **db, const char *path, const char *server_name)
{
    bool complete = false;
    enum err e = make_file(path);

    *db = NULL;
    if (!e)
        e = db_open(db, path);
    if (!e)
        e = is_complete_beside(*db, server_name, &complete);
    if (!e && !complete) {
        e = db_begin(*db, DB_WRITE);
        if (!e)
            e = db_end(*db, complete_beside(*db, server_name));
    }
    if (!e)
        e = db_use_wal(*db);
    if (e)
        db_close(db);
    return e;
}

static enum err refuse_not_initialised(const struct db *db, enum owner owner)
{
    if (owner == OWNER_OURS)
        return ERR_OK;
    log_error("database %s: it %s; `mxadmin init` makes them", db_path(db),
              owner == OWNER_DENDRITE ? "is Dendrite's and lacks mxadmin's tables"
                                      : "is empty and lacks all tables");
    return ERR_NOT_FOUND;
}

enum err schema_check(struct db *db, const char *server_name)
{
    enum owner owner;
    int64_t version = 0;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = inspect(db, server_name, &owner);
    if (!e)
        e = refuse_not_initialised(db, owner);
    if (!e)
        e = db_integer(db, sql_last_migration, DB_NO_ARGS, &version);
    e = db_end(db, e);
    if (!e && version < own_migrations_count) {
        e = db_begin(db, DB_WRITE);
        if (!e)
            e = db_end(db, migrate(db));
    }
    return e ? e : db_use_wal(db);
}

enum err schema_recognise(struct db *db, const char *server_name)
{
    enum owner owner;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = inspect(db, server_name, &owner);
    if (!e && owner == OWNER_NOBODY)
        e = refuse_not_initialised(db, owner);
    return db_end(db, e);
}
