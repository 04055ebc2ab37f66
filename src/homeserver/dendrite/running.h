/* SPDX-License-Identifier: ISC */
/* Whether Dendrite runs, as far as that can be told without a lock on its files. */
#ifndef HOMESERVER_DENDRITE_RUNNING_H
#define HOMESERVER_DENDRITE_RUNNING_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/err.h"

struct signs {
    const char *runs; /* what speaks for it, in a clause with what to do; NULL: nothing does */
    /* Every process of this machine was looked at, so that but for what `runs` says nobody has a file of
     * Dendrite's open who is not mxadmin. */
    bool complete;
};

/*
 * Looks whether `config->homeserver.url` takes a connection, and which processes have one of Dendrite's files
 * open: a Dendrite that was just started, or listens elsewhere, has, although it holds no lock. Texts live in
 * `arena`. Errors: ERR_NOMEM, ERR_NOT_FOUND (there is no such file), ERR_IO, each logged.
 */
MUST_CHECK enum err running_signs(const struct config *config, struct arena *arena, struct signs *signs);

#endif
