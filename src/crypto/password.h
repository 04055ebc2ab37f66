/* SPDX-License-Identifier: ISC */
/*
 * Password hashes in their modular formats: scrypt by libscrypt (`$s1$NNrrpp$salt$hash`) and bcrypt by
 * crypt(3)
 * (`$2b$`, and `$2a$`, `$2y$` as Dendrite and others write it).
 */
#ifndef CRYPTO_PASSWORD_H
#define CRYPTO_PASSWORD_H

#include <stdbool.h>

#include "base/err.h"

enum password_scheme { PASSWORD_SCRYPT, PASSWORD_BCRYPT, PASSWORD_SCHEME__MAX };

/* How new hashes are made. */
struct password_cost {
    enum password_scheme scheme;
    int scrypt_log2_n; /* 2^N blocks; 15 or more */
    int scrypt_r;      /* 1 to 255 */
    int scrypt_p;      /* 1 to 255 */
    int bcrypt_cost;   /* log2 of the rounds, 4 to 31 */
};

#define PASSWORD_HASH_SIZE 192 /* bytes, with the NUL; room for either scheme */

/*
 * bcrypt looks at no more than this many bytes of a password. A new bcrypt hash of a longer one is refused,
 * as Dendrite (Go) refuses it: cut short, it would let in whoever knows its beginning, and hashed beforehand,
 * Dendrite could not verify it. Hashes that others made of a longer one still verify, by its beginning.
 */
#define PASSWORD_BCRYPT_BYTES 72

/*
 * Hashes `password` with a fresh random salt into `hash`. Errors: ERR_TOO_LARGE (longer than the
 * scheme takes, see above), ERR_NOMEM, ERR_INVALID (a cost out of range), ERR_IO (no randomness).
 */
MUST_CHECK enum err password_hash(const char *password, const struct password_cost *cost,
                                  char hash[PASSWORD_HASH_SIZE]);

/*
 * Compares `password` with `hash` in constant time. `hash` NULL or empty (an account that has no password, or
 * no account at all) costs the same time as a wrong password under `cost` and is ERR_DENIED.
 * `*outdated` says whether `hash` is of another scheme or cost than `cost` and should be made anew, if the
 * password matches; it is false where password_hash() would not take the password. Errors: ERR_DENIED (it
 * does not match), ERR_NOMEM, ERR_IO; a hash of no known format is ERR_DENIED too.
 */
MUST_CHECK enum err password_verify(const char *password, const char *hash, const struct password_cost *cost,
                                    bool *outdated);

#endif
