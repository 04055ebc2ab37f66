/* SPDX-License-Identifier: ISC */
/* What the files of the engine share; nobody else includes it. */
#ifndef STORE_DB_ENGINE_H
#define STORE_DB_ENGINE_H

#include <sqlite3.h>

#include "store/db.h"

struct stmt {
    struct db *db;
    const char *sql;
    sqlite3_stmt *handle;
    bool kept;    /* in db->places; else db_done() ends it for good */
    bool running; /* between db_query() and db_done() */
};

struct db {
    sqlite3 *handle;
    char *path;
    /* The kept statements by the address of their text: open addressing, at least a quarter of it free. */
    struct stmt **places;
    size_t size; /* of places; a power of two */
    size_t count;
    bool bulk;                /* the transaction that is open has the large cache */
    int64_t waiting_since_ms; /* for a lock; on the monotonic clock */
    int wal_pages;            /* in the write-ahead log at the last commit, and not copied since */
    bool checkpoints_later;   /* until db_checkpoint() */
    struct {
        enum err (*act)(void *context); /* NULL: nothing is asked for */
        void *context;
    } before_commit;
    bool note;              /* the transaction that is open is nobody's change */
    int64_t changes_before; /* rows that the connection had changed when the transaction began */
};

/* A result code without what makes it an extended one. */
static inline int db_primary(int code)
{
    return code & 0xff;
}

/* What a result code means to us. */
enum err db_code_err(const struct db *db, int code);

/* Logs why `sql` failed, without its values, and returns what it means. A taken name is no failure to the
 * operator: it is not logged. */
enum err db_failed(const struct db *db, int code, const char *sql);

/* Ends the kept statements. */
void db_forget_statements(struct db *db);

#endif
