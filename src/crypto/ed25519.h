/* SPDX-License-Identifier: ISC */
/* Ed25519 (RFC 8032), and the file in which Dendrite keeps a server's signing key. */
#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H

#include <stddef.h>

#include "base/err.h"

#define ED25519_SEED_SIZE      32
#define ED25519_PUBLIC_SIZE    32
#define ED25519_SIGNATURE_SIZE 64
#define ED25519_KEY_ID_SIZE    64 /* "ed25519:xxxxxx" and the NUL */

struct evp_pkey_st;

/*
 * The server's signing key, made by signing_key_read() or signing_key_set() and ended by signing_key_wipe().
 * Not to be copied: it owns the key made ready for use, since making it ready costs as much as a signature.
 */
struct signing_key {
    char id[ED25519_KEY_ID_SIZE];
    unsigned char seed[ED25519_SEED_SIZE];
    struct evp_pkey_st *ready;
};

/*
 * Reads a PEM block `MATRIX PRIVATE KEY` with a header `Key-ID: ed25519:xxxxxx` and a 32-byte seed:
 * Dendrite's format. Errors, each logged: ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT (not of that format), ERR_NOMEM.
 * On an error `key` is empty, and may be wiped.
 */
MUST_CHECK enum err signing_key_read(const char *path, struct signing_key *key);

/* Makes a key of its parts. Errors, each logged: ERR_INVALID (not "ed25519:" and [a-zA-Z0-9_]+), ERR_NOMEM.
 */
MUST_CHECK enum err signing_key_set(struct signing_key *key, const char *id,
                                    const unsigned char seed[ED25519_SEED_SIZE]);

/*
 * Makes a new key file, mode 600, and never overwrites one. It is on the disk when this returns.
 * Errors, each logged: ERR_EXISTS, ERR_IO, ERR_FULL, ERR_NOMEM.
 */
MUST_CHECK enum err signing_key_create(const char *path);

/* Wipes the key. An empty one ({0}) is allowed. */
void signing_key_wipe(struct signing_key *key);

/* The signature of the `size` bytes at `bytes` (RFC 8032 section 5.1.6). Errors, each logged: ERR_NOMEM. */
MUST_CHECK enum err ed25519_sign(const struct signing_key *key, const void *bytes, size_t size,
                                 unsigned char signature[ED25519_SIGNATURE_SIZE]);

/* The public half of the key (section 5.1.5). Errors, each logged: ERR_NOMEM. */
MUST_CHECK enum err ed25519_public(const struct signing_key *key, unsigned char public[ED25519_PUBLIC_SIZE]);

/*
 * Checks a signature (section 5.1.7). Errors: ERR_DENIED (not that key's signature of these bytes; this one
 * is not logged, the caller knows whose it was), ERR_NOMEM.
 */
MUST_CHECK enum err ed25519_verify(const unsigned char public[ED25519_PUBLIC_SIZE], const void *bytes,
                                   size_t size, const unsigned char signature[ED25519_SIGNATURE_SIZE]);

#endif
