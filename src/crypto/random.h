/* SPDX-License-Identifier: ISC */
#ifndef CRYPTO_RANDOM_H
#define CRYPTO_RANDOM_H

#include <stddef.h>

#include "base/err.h"

/* Fills `bytes` from the operating system's generator. Errors: ERR_IO. */
MUST_CHECK enum err random_bytes(void *bytes, size_t size);

#define RANDOM_TOKEN_SIZE                                                                                    \
    44 /* 32 bytes as URL-safe unpadded base64, and the NUL: an access token of Dendrite's */
#define RANDOM_DEVICE_SIZE 9  /* 6 bytes likewise: a device id of Dendrite's */
#define RANDOM_NONCE_SIZE  33 /* 16 bytes as hex, and the NUL */

MUST_CHECK enum err random_token(char text[RANDOM_TOKEN_SIZE]);
MUST_CHECK enum err random_device_id(char text[RANDOM_DEVICE_SIZE]);
MUST_CHECK enum err random_nonce(char text[RANDOM_NONCE_SIZE]);

/* `length` letters and digits, each as likely as another, and the NUL, for which there is room at `text`. */
MUST_CHECK enum err random_letters(char *text, size_t length);

#endif
