/* SPDX-License-Identifier: ISC */
#ifndef CRYPTO_ED25519_H
#define CRYPTO_ED25519_H

#include <stddef.h>

#include "base/err.h"

#define ED25519_SEED_SIZE      32
#define ED25519_PUBLIC_SIZE    32
#define ED25519_SIGNATURE_SIZE 64
#define ED25519_KEY_ID_SIZE    64 /* "ed25519:xxxxxx" and the NUL */

/* The server's signing key (RFC 8032), as Dendrite keeps it. */
struct signing_key {
    char id[ED25519_KEY_ID_SIZE];
    unsigned char seed[ED25519_SEED_SIZE];
};

/*
 * Reads a PEM block `MATRIX PRIVATE KEY` with a header `Key-ID: ed25519:xxxxxx` and a 32-byte seed: Dendrite's
 * format. Errors, each logged: ERR_NOT_FOUND, ERR_IO, ERR_CORRUPT (not of that format).
 */
MUST_CHECK enum err signing_key_read(const char *path, struct signing_key *key);

/*
 * Makes a new key file, mode 600, and never overwrites one. It is on the disk when this returns.
 * Errors, each logged: ERR_EXISTS, ERR_IO, ERR_FULL.
 */
MUST_CHECK enum err signing_key_create(const char *path);

/* Wipes the key. */
void signing_key_wipe(struct signing_key *key);

#endif
