/* SPDX-License-Identifier: ISC */
#ifndef CRYPTO_APART_H
#define CRYPTO_APART_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

/*
 * Starts a child process that does `work` on `job`, both as they are in memory now, and ends. It is killed
 * when its parent dies. -1: there is no child to be had. Otherwise the caller calls apart_end().
 */
MUST_CHECK pid_t apart_start(void (*work)(void *job), void *job);

/* Waits for the child; whether it did its work to the end. */
bool apart_end(pid_t child);

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
