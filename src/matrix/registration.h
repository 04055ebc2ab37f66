/* SPDX-License-Identifier: ISC */
/* Registration with a shared secret (Synapse, "Shared-Secret Registration"), as both sides need it. */
#ifndef MATRIX_REGISTRATION_H
#define MATRIX_REGISTRATION_H

#include <stdbool.h>

#include "base/err.h"
#include "crypto/digest.h"

#define REGISTRATION_MAC_SIZE (2 * DIGEST_SHA1_SIZE + 1) /* hex, and the NUL */

/* What a MAC stands for; everything is borrowed. */
struct registration_claim {
    const char *nonce;
    const char *username;
    const char *password;
    bool admin;
    const char *user_type; /* NULL: none */
};

/* The MAC of a claim under the secret; the caller wipes it. Errors: ERR_NOMEM. */
MUST_CHECK enum err registration_mac(const char *secret, const struct registration_claim *claim,
                                     char mac[REGISTRATION_MAC_SIZE]);

#endif
