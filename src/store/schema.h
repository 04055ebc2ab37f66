/* SPDX-License-Identifier: ISC */
/* Dendrite's tables, and our own, which begin "mxadmin_" and have numbered migrations. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "base/err.h"
#include "store/db.h"

/*
 * Makes the database file `path` (mode 600), or completes one: Dendrite's tables for `server_name`, with
 * db_migrations filled, and ours. An existing file of ours or of Dendrite's keeps all it has. It is all or
 * nothing. Errors, each logged with what to do: ERR_CORRUPT (neither ours nor Dendrite's, damaged, newer than
 * this program, or of another server name), ERR_IO, ERR_FULL, ERR_BUSY.
 */
MUST_CHECK enum err schema_create(const char *path, const char *server_name);

/*
 * Checks that the open database is one that this program knows, for `server_name`, and brings our own tables
 * up to date. Errors as schema_create(); ERR_NOT_FOUND: it has not been initialised (`mxadmin init` does it).
 */
MUST_CHECK enum err schema_check(struct db *db, const char *server_name);

/*
 * Checks that the open database is ours or Dendrite's, for `server_name`, and changes nothing: it may be open
 * for reading only, and lack our own tables. Errors as schema_check().
 */
MUST_CHECK enum err schema_recognise(struct db *db, const char *server_name);

/* Whether the file that was opened, not one that is attached, has a table of that name. */
MUST_CHECK enum err schema_has_table(struct db *db, const char *name, bool *has);

/*
 * Opens the file of what mxadmin keeps beside a Dendrite: our tables and nothing else. It is made (mode 600)
 * and completed where that is to be done. The caller closes it with db_close(). Errors as schema_create(),
 * and those of db_open().
 */
MUST_CHECK enum err schema_open_beside(struct db **db, const char *path, const char *server_name);

/*
 * Checks that the attached files (db_attach()) are those of a Dendrite that this program knows, for
 * `server_name`. `*unknown` is the name of a migration that it does not know, as the caller's to free with
 * free(), or NULL; statements may not fit what that one changed. Errors, logged with what to do: ERR_CORRUPT
 * (an older Dendrite, none at all, or of another server name), ERR_UNREACHABLE (they cannot be read now).
 */
MUST_CHECK enum err schema_check_foreign(struct db *db, const char *server_name, char **unknown);

#endif
