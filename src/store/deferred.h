/* SPDX-License-Identifier: ISC */
/*
 * mxadmin_deferred: changes that only Dendrite's database could make, waiting until Dendrite is down and
 * `mxadmin apply` makes them. Of one kind at most one waits for a target: the last that was asked for.
 */
#ifndef STORE_DEFERRED_H
#define STORE_DEFERRED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

enum deferred_kind {
    DEFERRED_SET_ADMIN,     /* target: a localpart; parameters: DEFERRED_TRUE or DEFERRED_FALSE */
    DEFERRED_REACTIVATE,    /* a localpart; DEFERRED_NOTHING */
    DEFERRED_SET_THREEPIDS, /* a localpart; [{"medium", "address"}, …], which take the place of all */
    DEFERRED_DELETE_MEDIA,  /* "origin/media id"; DEFERRED_NOTHING */
    DEFERRED_SET_REGISTRATION_TOKEN, /* a token; {"uses_allowed", "expiry_time"}, null without a bound */
    DEFERRED_RESET_DESTINATION,      /* the name of a server; DEFERRED_NOTHING */
    DEFERRED__MAX
};

/* Parameters are JSON; these texts of it are compared as they are. */
#define DEFERRED_TRUE    "true"
#define DEFERRED_FALSE   "false"
#define DEFERRED_NOTHING "null"

struct deferred_change {
    int64_t id; /* never given to another change */
    enum deferred_kind kind;
    const char *target;
    const char *parameters;
    const char *actor;  /* localpart of the admin who asked; "": a command, or a job */
    int64_t created_ts; /* ms */
};

/*
 * An admin by a grant that waits is one to mxadmin at once. In a statement where `a` is userapi_accounts:
 * what to join, and then the type that counts.
 */
#define DEFERRED_JOIN " LEFT JOIN mxadmin_deferred w ON w.kind = 'set_admin' AND w.target = a.localpart"
#define DEFERRED_TYPE                                                                                        \
    "CASE w.parameters WHEN '" DEFERRED_TRUE "' THEN 3 WHEN '" DEFERRED_FALSE                                \
    "' THEN 1 ELSE a.account_type END"

/* The name of a kind, in the table and for people. */
const char *deferred_kind_name(enum deferred_kind kind);

/* Whether what a kind changes is an account. */
bool deferred_is_of_account(enum deferred_kind kind);

/*
 * Queues a change, in place of one of the same kind and target; it runs in the transaction that is open. The
 * id is a new one, so that what is applied meanwhile cannot take the new change for the old. `change->id` is
 * not looked at.
 */
MUST_CHECK enum err deferred_put(struct db *db, const struct deferred_change *change);

/* Forgets the change of this kind and target, if one waits. */
MUST_CHECK enum err deferred_withdraw(struct db *db, enum deferred_kind kind, const char *target);

/* Forgets a change. ERR_NOT_FOUND: none waits under this id. */
MUST_CHECK enum err deferred_delete(struct db *db, int64_t id);

/* Whether such a change waits. */
MUST_CHECK enum err deferred_waits(struct db *db, enum deferred_kind kind, const char *target, bool *waits);

/* The parameters of the one that waits, in `arena`. ERR_NOT_FOUND. */
MUST_CHECK enum err deferred_find(struct db *db, enum deferred_kind kind, const char *target,
                                  struct arena *arena, const char **parameters);

/* Calls `each` for every change, the oldest first; stops at its first error and returns it. */
MUST_CHECK enum err deferred_list(struct db *db,
                                  enum err (*each)(const struct deferred_change *change, void *context),
                                  void *context);

#endif
