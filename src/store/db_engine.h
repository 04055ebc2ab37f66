/* SPDX-License-Identifier: ISC */
/* What the files of the engine share; nobody else includes it. */
#ifndef STORE_DB_ENGINE_H
#define STORE_DB_ENGINE_H

#include <sqlite3.h>
#include <sys/types.h>
#include <time.h>

#include "store/db.h"

struct stmt {
    struct db *db;
    const char *sql;
    sqlite3_stmt *handle;
    bool kept;    /* in db->places; else db_done() ends it for good */
    bool running; /* between db_query() and db_done() */
};

/* A file as it was when it was looked at: it is another one, or was written to, when something differs. */
struct file_state {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

/* A file of another program that is, or is to be, attached as the schema "d" and its number. */
struct foreign {
    char *path;
    char *wal; /* of its write-ahead log; NULL: it was never attached */
    enum {
        FOREIGN_ABSENT, /* it cannot be read now */
        FOREIGN_LIVE,   /* attached as a file that others write to, with its locks */
        FOREIGN_STILL,  /* attached as one that nobody writes to, without */
    } state;
    bool rollback; /* LIVE: its changes go through a rollback journal, and readers hold them up */
    bool told;     /* why it is ABSENT is in the log */
    struct file_state seen;
};

struct db {
    sqlite3 *handle;
    char *path;
    /* The kept statements by the address of their text: open addressing, at least a quarter of it free. */
    struct stmt **places;
    size_t size; /* of places; a power of two */
    size_t count;
    bool bulk;                /* the page cache is the large one */
    bool theirs;              /* a file of Dendrite's, opened with its lock: none of our tables are there */
    int64_t waiting_since_ms; /* for a lock; on the monotonic clock */
    int wal_pages;            /* in the write-ahead log at the last commit, and not copied since */
    bool tidy_later;          /* until db_tidy() */
    struct {
        enum err (*act)(void *context); /* NULL: nothing is asked for */
        void *context;
    } before_commit;
    bool note;              /* the transaction that is open is nobody's change */
    int64_t changes_before; /* rows that the connection had changed when the transaction began */

    struct foreign foreign[DB_FOREIGN_MAX];
    size_t foreign_count;
    enum err foreign_err; /* why one of them is ABSENT */
    bool foreign_lost;    /* a statement failed in a way that another look at them may put right */
    size_t running;       /* statements between db_query() and db_done() */
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
enum err db_failed(struct db *db, int code, const char *sql);

/*
 * Between two transactions: sees to it that what is attached are the files that are there now, and by the
 * right way for whether somebody has them open. What cannot be is logged, and found out by who reads.
 */
void db_look_at_foreign(struct db *db);

/* Whether what was read of files that are STILL, up to now, is what stands in them. */
bool db_foreign_unchanged(const struct db *db);

/* Whether the failure is one of the attached files, and passes. */
bool db_foreign_failed(struct db *db, int code);

/* Frees what is known of them. */
void db_forget_foreign(struct db *db);

/* sqlite3_step(), also over what db_foreign_torn() tells of. */
int db_step_code(struct stmt *stmt);

/*
 * Whether to try once more, after `attempt` attempts. A reader can meet the header of a log's index while it
 * is written, or a journal while it is deleted, and if the writer is through before the reader asks for the
 * lock, SQLite takes it for what a crash has left behind, which only who may write can put right.
 */
bool db_foreign_torn(int code, int attempt);

/* Sees to it that there is the VFS that opens nothing for writing, and deletes nothing. Errors: ERR_NOMEM. */
#define DB_VFS_READING "mxadmin-reading"
enum err db_vfs_register(void);

/* Has a connection's LIKE … ESCAPE pass over the case of all letters (db_like.c). ERR_NOMEM. */
enum err db_like_add(sqlite3 *handle);

/* db_query() without a look at the attached files. */
enum err db_start(struct db *db, const char *sql, const struct db_value *args, size_t count,
                  struct stmt **stmt);

/* Ends the kept statements. */
void db_forget_statements(struct db *db);

#endif
