/* SPDX-License-Identifier: ISC */
/* Checking events: form, content hash, signature ("Checks performed on receipt of a PDU", the first three).
 */
#ifndef MATRIX_EVENT_CHECK_H
#define MATRIX_EVENT_CHECK_H

#include <jansson.h>

#include "base/err.h"
#include "crypto/ed25519.h"
#include "matrix/event.h"
#include "matrix/room_version.h"

/*
 * Checks the members of `event` against the room version's "Event format", and their limits; the size of the
 * whole is for whoever has it as canonical JSON. `fault` (NULL: not wanted) becomes the name of the member
 * that is wrong, a constant. Errors: ERR_INVALID, ERR_TOO_LARGE.
 */
MUST_CHECK enum err event_check_format(const struct room_version *version, const json_t *event,
                                       const char **fault);

/*
 * Checks the content hash. Errors: ERR_NOT_FOUND (the event has none), ERR_DENIED (another one: the content
 * is not what was signed, or the event was redacted), and those of event_content_hash().
 */
MUST_CHECK enum err event_check_hash(const struct room_version *version, json_t *event);

/*
 * Checks the signature of `server_name` by the key `key_id`. Whose signatures an event needs is for the
 * caller: its sender's server, in room versions 1 and 2 also that of its event id. Errors: ERR_NOT_FOUND (it
 * has none), ERR_DENIED (it is wrong), and those of event_essential().
 */
MUST_CHECK enum err event_check_signature(const struct room_version *version, json_t *event,
                                          const char *server_name, const char *key_id,
                                          const unsigned char public[ED25519_PUBLIC_SIZE]);

#endif
