/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/schema.h"
#include "store/schema_dendrite.h"

#define MIGRATIONS_MAX 64

/* Each file has a db_migrations of its own, with those of its components; the name alone is the first one's.
 */
static const struct {
    const char *count, *versions;
} statements[DB_FOREIGN_MAX] = {
#define ROW(n)                                                                                               \
    {                                                                                                        \
        "SELECT COUNT(*) FROM d" #n ".sqlite_master WHERE type = 'table' AND name = 'db_migrations'",        \
            "SELECT version FROM d" #n ".db_migrations"                                                      \
    }
    ROW(0), ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6), ROW(7),
#undef ROW
};

/* A server name of Dendrite's accounts, the one asked for before all others. */
static const char sql_account_server_name[] =
    "SELECT server_name FROM userapi_accounts ORDER BY server_name <> ?1 LIMIT 1";

/* What was met in the files. */
struct met {
    bool known[MIGRATIONS_MAX]; /* by its place among those of schema_dendrite.h */
    char *unknown;              /* NULL: none */
};

static enum err meet(struct met *met, const char *version)
{
    for (size_t i = 0; i < dendrite_migrations_count; i++)
        if (strcmp(dendrite_migrations[i], version) == 0) {
            met->known[i] = true;
            return ERR_OK;
        }
    if (!met->unknown)
        met->unknown = strdup(version);
    return met->unknown ? ERR_OK : ERR_NOMEM;
}

static enum err read_file(struct db *db, size_t file, struct met *met)
{
    int64_t count = 0;
    struct stmt *stmt = NULL;
    enum err e = db_integer(db, statements[file].count, DB_NO_ARGS, &count);

    if (e || count == 0)
        return e;
    e = db_query(db, statements[file].versions, DB_NO_ARGS, &stmt);
    while (db_next(stmt, &e))
        e = meet(met, db_text(stmt, 0));
    db_done(&stmt);
    return e;
}

static enum err refuse_older(const struct db *db, const struct met *met)
{
    for (size_t i = 0; i < dendrite_migrations_count; i++)
        if (!met->known[i]) {
            log_error("Dendrite's database %s%s: \"%s\" is missing, so it is of a Dendrite older "
                      "than " DENDRITE_VERSION ", or of none: start a newer Dendrite on it once",
                      db_foreign_path(db, 0), db_foreign_count(db) > 1 ? " and others" : "",
                      dendrite_migrations[i]);
            return ERR_CORRUPT;
        }
    return ERR_OK;
}

static enum err refuse_other_server(struct db *db, const char *server_name)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_account_server_name, DB_ARGS(DB_T(server_name)), &stmt);

    if (db_next(stmt, &e) && strcmp(db_text(stmt, 0), server_name) != 0) {
        log_error(
            "Dendrite's database %s: its accounts are of the server %s, not of %s; see homeserver.config",
            db_foreign_path(db, 0), db_text(stmt, 0), server_name);
        e = ERR_CORRUPT;
    }
    db_done(&stmt);
    return e;
}

enum err schema_check_foreign(struct db *db, const char *server_name, char **unknown)
{
    struct met met = {0};
    enum err e = db_begin(db, DB_READ);

    _Static_assert(MIGRATIONS_MAX >= 20, "there is room for each of dendrite_migrations");
    *unknown = NULL;
    if (e)
        return e;
    for (size_t i = 0; i < db_foreign_count(db) && !e; i++)
        e = read_file(db, i, &met);
    if (!e)
        e = refuse_older(db, &met);
    if (!e)
        e = refuse_other_server(db, server_name);
    e = db_end(db, e);
    if (e)
        free(met.unknown);
    else
        *unknown = met.unknown;
    return e;
}
