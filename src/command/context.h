/* SPDX-License-Identifier: ISC */
/* What a command that works on the database has open. */
#ifndef COMMAND_CONTEXT_H
#define COMMAND_CONTEXT_H

#include "base/arena.h"
#include "base/config.h"
#include "base/err.h"
#include "command/command.h"
#include "homeserver/audit.h"
#include "homeserver/homeserver.h"

struct context {
    const struct invocation *invocation;
    struct arena *arena;
    struct config *config;
    struct db *db;
    struct gate *gate;
    struct homeserver homeserver; /* of `config`, `db` and `gate` */
    struct audit audit;
    const char *who; /* login name of who runs the command, for the audit */
    enum err result; /* of what the command does, for the audit */
};

/*
 * Reads the configuration of `invocation`, and becomes the service's user: what root would create beside the
 * database, the service could not open. Faults are said on stderr. The caller frees `*config` with
 * config_free(), also after a failure.
 */
MUST_CHECK enum err context_config(const struct invocation *invocation, struct config **config);

/* Opens all of it. Faults are said on stderr. context_close() ends it, also after a failure. */
MUST_CHECK enum err context_open(struct context *context, const struct invocation *invocation);
void context_close(struct context *context);

/*
 * The localpart of a local user who is named by it or by a full user ID; it lives in the context's arena, or
 * is `text`. NULL after saying what is wrong with it.
 */
const char *context_local_user(struct context *context, const char *text);

/* What an error means to whoever gave a command. */
struct context_words {
    enum err err; /* ERR_OK: the last row */
    const char *text;
};

/*
 * Says why what the command wanted to do, with its operand if it has one, failed: in the words of the
 * homeserver if it gave any, else of `words` (NULL: none), else of err_text(). Returns COMMAND_FAILED.
 */
int context_failed(struct context *context, const struct context_words *words, enum err e);

#endif
