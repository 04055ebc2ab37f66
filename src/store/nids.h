/* SPDX-License-Identifier: ISC */
/* Lists of numbers in one column, as Dendrite keeps them: "[1,2]", or "1,2" in roomserver_previous_events. */
#ifndef STORE_NIDS_H
#define STORE_NIDS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct nids {
    int64_t *items;
    size_t count;
    size_t size; /* allocated */
};

/* Initialise with {0}; nids_free() frees what it owns, and it may be used again. */
void nids_free(struct nids *nids);

/* Adds one at the end. Errors: ERR_NOMEM. */
MUST_CHECK enum err nids_add(struct nids *nids, int64_t nid);

/* Appends those of `text`, of either form. Errors: ERR_CORRUPT (logged), ERR_NOMEM. */
MUST_CHECK enum err nids_read(const char *text, struct nids *nids);

/* Appends "[1,2]" to `out`. */
void nids_write(const int64_t *items, size_t count, struct buf *out);

#endif
