/* SPDX-License-Identifier: ISC */
#ifndef STORE_COLLECT_H
#define STORE_COLLECT_H

#include "base/err.h"
#include "base/list.h"
#include "store/db.h"

/* Fills an item, which is zeroed, from the current row; texts go into `arena`. Sets `*e` on failure. */
typedef void collect_item(struct stmt *stmt, struct arena *arena, void *item, enum err *e);

/* Runs a statement, and adds an item to `list` for each of its rows. Errors: those of db_step(), ERR_NOMEM.
 */
MUST_CHECK enum err collect(struct db *db, const char *sql, const struct db_value *args, size_t count,
                            struct list *list, collect_item *take);

/* The item of a list of texts: the first column. */
collect_item collect_text;

#endif
