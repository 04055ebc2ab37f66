/* SPDX-License-Identifier: ISC */
/* `mxadmin apply`: makes the changes that wait in Dendrite's database, while Dendrite is down. */
#ifndef HOMESERVER_DENDRITE_APPLY_H
#define HOMESERVER_DENDRITE_APPLY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/err.h"
#include "store/deferred.h"

struct apply {
    const struct config *config;
    struct db *db; /* ours, with nothing attached: a lock on Dendrite's files would meet our own */
    struct arena *arena;
    bool dry_run; /* only say what would be done */
    /* Called for each change once it is known what becomes of it: `problem` is a clause that says why it was
     * not made and goes on waiting, or NULL: it was, or would be. */
    void (*tell)(void *context, const struct deferred_change *change, const char *problem);
    void *context;

    /* The result. */
    size_t made;         /* changes; of a dry run, those that would be */
    size_t waiting;      /* changes that go on waiting */
    const char *refusal; /* a clause that says why none was made; NULL: that is not so */
};

/*
 * Makes all of them, or, if Dendrite may be running, refuses: ERR_DENIED, with `apply->refusal` set. Cut off
 * anywhere it can be called again: a change that was made already is made again, which changes nothing, and
 * is no longer waiting only after it is on the disk. Errors, each logged: ERR_NOT_FOUND (one of the files),
 * ERR_BUSY, ERR_IO, ERR_FULL, ERR_CORRUPT, ERR_NOMEM; then none is forgotten.
 */
MUST_CHECK enum err apply_changes(struct apply *apply);

#endif
