/* SPDX-License-Identifier: ISC */
#ifndef CRYPTO_APART_H
#define CRYPTO_APART_H

#include <stddef.h>

#include "base/err.h"

/*
 * Runs `work` on `job`, of `size` bytes, in a child process of low priority, and waits for it. Hashing a
 * password takes a core for a tenth of a second; at the priority of the worker that asked for it, everybody
 * else's answers would wait for slices of that time, and afterwards no process could have its old priority
 * back. The child sees the caller's memory as it is; of what it changes, only `*job` is seen here. It also
 * takes the memory of the work, tens of megabytes with secrets in it, to its grave. Without a child the work
 * is done here. Errors: ERR_NOMEM (no memory, or the child was killed for it).
 */
MUST_CHECK enum err apart_run(void (*work)(void *job), void *job, size_t size);

#endif
