/* SPDX-License-Identifier: ISC */
/*
 * The only way in which a file of Dendrite's is ever opened for writing: while Dendrite is down, and with the
 * lock that keeps everybody else from writing held from the first moment to the last.
 */
#ifndef STORE_DB_LOCKED_H
#define STORE_DB_LOCKED_H

#include <stdbool.h>

#include "base/err.h"
#include "store/db.h"

/*
 * How much of a lock. In the mode of rollback journals both keep everybody out, and neither shows a program
 * that has the file open and does nothing. In WAL mode DB_LOCK_ALL shows that as well, be it a reader.
 */
enum db_lock { DB_LOCK_ALL, DB_LOCK_WRITERS };

/*
 * Opens the file for reading and writing and begins the transaction that holds the lock; db_end() ends it,
 * and of DB_LOCK_ALL the lock itself lasts until db_close(). The owner of the file stays the owner of its
 * journals, if root does it. ERR_BUSY, which is not logged: somebody has the file open, or writes to it, for
 * longer than a moment. Else as db_open().
 */
MUST_CHECK enum err db_open_locked(struct db **db, const char *path, enum db_lock lock);

/* Whether it was opened so: none of our own tables are there. */
bool db_is_theirs(const struct db *db);

#endif
