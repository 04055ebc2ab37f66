/* SPDX-License-Identifier: ISC */
/* The redaction algorithm ("Room Versions", section "Redactions" of each version). */
#ifndef MATRIX_REDACTION_H
#define MATRIX_REDACTION_H

#include <jansson.h>

#include "base/err.h"
#include "matrix/room_version.h"

/*
 * Makes `*redacted` a new object with what the algorithm keeps of `event`; what is kept whole is shared with
 * `event`, so it is not to be changed in place. Errors: ERR_INVALID (`event` or its content is not an object,
 * or its type not a string), ERR_NOMEM.
 */
MUST_CHECK enum err redaction_apply(const struct room_version *version, json_t *event, json_t **redacted);

#endif
