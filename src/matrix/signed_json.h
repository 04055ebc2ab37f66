/* SPDX-License-Identifier: ISC */
/* Signatures on JSON objects (Matrix Appendices, "Signing JSON"). */
#ifndef MATRIX_SIGNED_JSON_H
#define MATRIX_SIGNED_JSON_H

#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/ed25519.h"
#include "matrix/canonical_json.h"

/*
 * Appends what a signature of `object` covers: its canonical form without `signatures` and `unsigned`. Errors
 * as canonical_json_write().
 */
MUST_CHECK enum err signed_json_bytes(json_t *object, enum canonical_json numbers, struct buf *out);

/*
 * Puts a signature into the `signatures` of `object`, under `entity` (a server name) and the id of its key,
 * beside those that are there. Errors: ERR_INVALID (`signatures` or the entity's entry is not an object),
 * ERR_NOMEM.
 */
MUST_CHECK enum err signed_json_put(json_t *object, const char *entity, const char *key_id,
                                    const unsigned char signature[ED25519_SIGNATURE_SIZE]);

/*
 * Puts the signature of `bytes` by `key` there. Errors as signed_json_put() and ed25519_sign().
 */
MUST_CHECK enum err signed_json_add(json_t *object, const struct buf *bytes, const char *entity,
                                    const struct signing_key *key);

/* Signs `object` ("Signing Details"): the two above. */
MUST_CHECK enum err signed_json_sign(json_t *object, const char *entity, const struct signing_key *key);

/*
 * Checks the signature of `bytes` that `object` has under `entity` and `key_id` ("Checking for a Signature").
 * Errors: ERR_NOT_FOUND (it has none), ERR_DENIED (not base64 of a signature, or not that of this key),
 * ERR_NOMEM.
 */
MUST_CHECK enum err signed_json_check(const json_t *object, const struct buf *bytes, const char *entity,
                                      const char *key_id, const unsigned char public[ED25519_PUBLIC_SIZE]);

/* The same for what signed_json_bytes() makes of `object`, whose errors it has too. */
MUST_CHECK enum err signed_json_verify(json_t *object, const char *entity, const char *key_id,
                                       const unsigned char public[ED25519_PUBLIC_SIZE]);

#endif
