/* SPDX-License-Identifier: ISC */
/* The database of a configuration, whatever the kind of its homeserver. */
#ifndef STORE_OPEN_H
#define STORE_OPEN_H

#include "base/config.h"
#include "base/err.h"
#include "store/db.h"

/*
 * Opens it, checked and up to date: standalone, the file that `mxadmin init` has made; beside a Dendrite our
 * own, which is made where it is absent, with Dendrite's files for reading only (db_attach()). That those
 * cannot be read now, as after a crash of Dendrite, is logged and no failure. The caller closes it with
 * db_close(). Errors, each logged with what to do: those of db_open(), db_attach() and schema.h.
 */
MUST_CHECK enum err store_open(struct db **db, const struct config *config);

#endif
