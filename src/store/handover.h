/* SPDX-License-Identifier: ISC */
/*
 * A standalone database is handed over to a Dendrite: mxadmin's own tables move to a file of their own, and
 * the rest stays. The new file carries a mark until the old one has none of them any more, by which a
 * handover that was cut off is known.
 */
#ifndef STORE_HANDOVER_H
#define STORE_HANDOVER_H

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* The path of the database, in `arena`, that the tables in the file `path` were copied from. ERR_NOT_FOUND:
 * there is no such file, or it is not one of an unfinished handover. Other errors are logged. */
MUST_CHECK enum err handover_source(const char *path, struct arena *arena, const char **source);

/*
 * Makes the file `path` (mode 600), which must not be there, with all that is mxadmin's own in `db`, and
 * marks it. `db` was opened by db_open_locked() with DB_LOCK_ALL, its first transaction has ended, and it is
 * at this program's version; it is not changed, and its lock stays. The file is on the disk afterwards.
 */
MUST_CHECK enum err handover_copy(struct db *db, const char *path, const char *server_name);

/* Removes from `db`, in a transaction of its own, all that is mxadmin's own; that nothing is there is fine.
 */
MUST_CHECK enum err handover_remove(struct db *db);

/* The new file is what it is to be: takes its mark away. */
MUST_CHECK enum err handover_finish(const char *path);

/* How many accounts that are active have a password that Dendrite cannot check: it knows no scrypt. */
MUST_CHECK enum err handover_scrypt_accounts(struct db *db, int64_t *count);

#endif
