/* SPDX-License-Identifier: ISC */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define DIGEST_SHA256_SIZE 32
#define DIGEST_SHA1_SIZE   20

/* SHA-256 (FIPS 180-4) of `size` bytes. Errors: ERR_NOMEM. */
MUST_CHECK enum err digest_sha256(const void *bytes, size_t size, unsigned char digest[DIGEST_SHA256_SIZE]);

/*
 * The same of bytes that come in pieces: begin, add each, end, which gives the digest and frees; `*digesting`
 * is NULL then. digesting_free() gives up. Errors: ERR_NOMEM.
 */
struct digesting;
MUST_CHECK enum err digesting_begin(struct digesting **digesting);
MUST_CHECK enum err digesting_add(struct digesting *digesting, const void *bytes, size_t size);
MUST_CHECK enum err digesting_end(struct digesting **digesting, unsigned char digest[DIGEST_SHA256_SIZE]);
void digesting_free(struct digesting **digesting);

/* HMAC-SHA1 (RFC 2104) of `size` bytes under `key`: what shared-secret registration uses. Errors: ERR_NOMEM.
 */
MUST_CHECK enum err digest_hmac_sha1(const void *key, size_t key_size, const void *bytes, size_t size,
                                     unsigned char mac[DIGEST_SHA1_SIZE]);

/* Whether the two are equal, in a time that depends on `size` only. */
bool digest_equal(const void *a, const void *b, size_t size);

#endif
