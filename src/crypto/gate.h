/* SPDX-License-Identifier: ISC */
/*
 * A gate that lets at most so many processes of the pool do something at once. The first of them is hashing
 * passwords, which takes a core and tens of megabytes for a tenth of a second on purpose; without a gate a
 * burst of sign-ins would take all of them.
 *
 * A slot is a byte of a lock file held by fcntl(2): it holds over every process that uses the same file
 * (pool, spawn-fcgi, mod_fcgid, CGI, commands), and the kernel gives it back when its holder dies, however it
 * dies.
 */
#ifndef CRYPTO_GATE_H
#define CRYPTO_GATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct gate;

/*
 * Opens the gate with `slots` (at least 1) places on the lock file `path`, which is created with mode 600
 * when it is not there. The caller closes it with gate_close(). Errors: ERR_NOMEM, ERR_IO (logged).
 */
MUST_CHECK enum err gate_open(struct gate **gate, const char *path, int slots);

/*
 * The same on the lock file that belongs to a database, and is for the same users: its path with "." and
 * `name` at its end.
 */
MUST_CHECK enum err gate_open_beside(struct gate **gate, const char *database, const char *name, int slots);

/* Leaves and closes; sets `*gate` to NULL. NULL inside is allowed. */
void gate_close(struct gate **gate);

/* Takes a place if one is free and says whether this process holds one now. Holding one already counts. */
bool gate_try(struct gate *gate);

/* Whether this process holds a place. */
bool gate_is_held(const struct gate *gate);

/* Waits until this process holds a place. Never called while a database transaction is open. */
MUST_CHECK enum err gate_enter(struct gate *gate);

/* The same for `ms` milliseconds at most, out of the queue: ERR_BUSY, there was none in that time. */
MUST_CHECK enum err gate_enter_within(struct gate *gate, int64_t ms);

/*
 * Announces that somebody in this process waits for a place, or no more; whether another process has
 * announced that.
 */
void gate_announce(struct gate *gate, bool waiting);
bool gate_is_awaited(const struct gate *gate);

/* Gives the place back; nothing happens when none is held. */
void gate_leave(struct gate *gate);

/* The same, and nobody takes that place for the next `ms` milliseconds: 0 or less, not at all;
 * GATE_REST_MAX_MS at most. */
#define GATE_REST_MAX_MS 2000
void gate_leave_empty(struct gate *gate, int64_t ms);

#endif
