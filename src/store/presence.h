/* SPDX-License-Identifier: ISC */
/*
 * Who of the processes that do jobs is alive. Each has a number, and holds the byte of that number in a lock
 * file beside the database by fcntl(2): the kernel gives it back when its holder dies, however it dies. So
 * what was claimed under a number is known to be abandoned at once, and never before.
 */
#ifndef STORE_PRESENCE_H
#define STORE_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "store/db.h"

struct presence;

/* A runner does whatever is due; a request only what it waits for. */
enum presence_role { PRESENCE_RUNNER, PRESENCE_REQUEST, PRESENCE_ROLE__MAX };

/*
 * Prepares it for the database `db`, which outlives it; the lock file, the database's path with ".jobs" at
 * its end, is opened when it is used first, and made for the users of the database, with mode 600. One a
 * process and database: fcntl(2) gives locks back when any descriptor of the file is closed. The caller ends
 * it with presence_close(). Errors: ERR_NOMEM.
 */
MUST_CHECK enum err presence_open(struct presence **presence, const struct db *db);

/* Leaves, closes, and sets to NULL. NULL inside is allowed. */
void presence_close(struct presence **presence);

/*
 * Takes a free number of the role, from 1 up; what others claimed under it is abandoned. Errors: ERR_LIMITED
 * (all are taken), ERR_IO, each logged.
 */
MUST_CHECK enum err presence_enter(struct presence *presence, enum presence_role role);

/* Gives the number back; nothing happens when there is none. */
void presence_leave(struct presence *presence);

/* The number of this process; 0: none. */
int64_t presence_number(const struct presence *presence);

/* Whether another process is a runner; the file is not made for that. Errors: ERR_IO (logged). */
MUST_CHECK enum err presence_any_runner(struct presence *presence, bool *any);

/*
 * Holds the number of another process that is gone, so that nobody takes it, until presence_release().
 * `*held` is false when the other one is alive. Errors: ERR_IO (logged).
 */
MUST_CHECK enum err presence_hold(struct presence *presence, int64_t number, bool *held);
void presence_release(struct presence *presence, int64_t number);

/* Wakes whoever listens: there is something to do. */
void presence_ring(struct presence *presence);

/*
 * A descriptor, the presence's own, that becomes readable when somebody has rung, or one of the others has
 * ended; -1: it cannot be had here, and the caller looks from time to time.
 */
int presence_bell(struct presence *presence);

/* Empties the descriptor. */
void presence_heard(struct presence *presence);

#endif
