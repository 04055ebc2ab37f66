/* SPDX-License-Identifier: ISC */
/*
 * Texts to be signed, a quarter of the work that a new event makes, by a child process on another core while
 * the caller does the rest. The child begins when a good many have come; without one, or when it dies, they
 * are signed here.
 */
#ifndef CRYPTO_SIGNING_QUEUE_H
#define CRYPTO_SIGNING_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "crypto/ed25519.h"

/* What the child is given at once, and how much there is room for: so the child may come late, too. */
#define SIGNING_BLOCK ((size_t)64)
#define SIGNING_QUEUE (4 * SIGNING_BLOCK)

struct signing_queue;

/* An empty queue for signatures by `key`, which is borrowed. The caller closes it. Errors: ERR_NOMEM. */
MUST_CHECK enum err signing_queue_open(struct signing_queue **queue, const struct signing_key *key);

/* Forgets what is in it, ends the child, and sets to NULL. NULL inside is allowed. */
void signing_queue_close(struct signing_queue **queue);

/* Whether it has room for no more. */
bool signing_queue_full(const struct signing_queue *queue);

/* Takes a copy of a text that is to be signed. Errors: those of ed25519_sign(). */
MUST_CHECK enum err signing_queue_put(struct signing_queue *queue, const void *bytes, size_t size);

/*
 * The signature of the text that is in the queue for longest, and leaves it: waits for it, if need be. There
 * must be one. Errors: those of ed25519_sign().
 */
MUST_CHECK enum err signing_queue_get(struct signing_queue *queue,
                                      unsigned char signature[ED25519_SIGNATURE_SIZE]);

/* Empties it. */
void signing_queue_clear(struct signing_queue *queue);

#endif
