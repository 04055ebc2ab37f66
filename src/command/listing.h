/* SPDX-License-Identifier: ISC */
/* What a command that lists things writes: a line for each, or with --json an array of all of them. */
#ifndef COMMAND_LISTING_H
#define COMMAND_LISTING_H

#include <jansson.h>

#include "base/err.h"
#include "command/command.h"
#include "command/context.h"

struct listing {
    const char *server_name; /* for who needs it; borrowed */
    json_t *array;           /* owned; NULL: lines are written as they come */
};

/* Begins one; listing_end() ends it, also after a failure. Errors: ERR_NOMEM. */
MUST_CHECK enum err listing_begin(struct listing *listing, const struct invocation *invocation);

/* Writes the array, if there is one, or says why the list has failed with `e`. Returns the exit code. */
int listing_end(struct listing *listing, const struct invocation *invocation, enum err e);

/* Writes, or adds to the array, all that is to be listed; `what` is as it was given. */
typedef enum err listing_each(struct context *context, struct listing *listing, const void *what);

/* The whole of a command that does nothing but list. Returns the exit code. */
int listing_command(const struct invocation *invocation, listing_each *each, const void *what);

#endif
