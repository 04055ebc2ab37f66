/* SPDX-License-Identifier: ISC */
/* Unpadded base64 (RFC 4648 sections 4 and 5; Matrix Appendices, "Unpadded Base64") and lower-case hex. */
#ifndef CRYPTO_BASE64_H
#define CRYPTO_BASE64_H

#include <stddef.h>

#include "base/err.h"

enum base64_alphabet { BASE64_STANDARD, BASE64_URL };

/* The bytes of text that `size` bytes become, with the NUL. */
#define BASE64_SIZE(size) (((size)*4 + 2) / 3 + 1)

/* Writes BASE64_SIZE(size) bytes, the NUL included, to `text`. */
void base64_encode(enum base64_alphabet alphabet, const void *bytes, size_t size, char *text);

/*
 * Decodes `text`, padded or not, of either alphabet but not of both, into `bytes`, which has room for
 * `*size`;
 * `*size` becomes the number written. Errors: ERR_INVALID (a foreign character, a wrong length, bits left
 * over), ERR_TOO_LARGE (more than `*size` bytes).
 */
MUST_CHECK enum err base64_decode(const char *text, void *bytes, size_t *size);

/* Writes 2 * size + 1 bytes, the NUL included. */
void hex_encode(const void *bytes, size_t size, char *text);

#endif
