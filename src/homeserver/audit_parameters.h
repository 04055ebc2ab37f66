/* SPDX-License-Identifier: ISC */
/*
 * What the audit keeps of a request's parameters. Numbers and truth values are kept as they are; another text
 * only under a name that is known to hold no secret, and shortened; under any other name it is "***".
 */
#ifndef HOMESERVER_AUDIT_PARAMETERS_H
#define HOMESERVER_AUDIT_PARAMETERS_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"

#define AUDIT_PARAMETERS_MAX 1024 /* bytes of the text */

/*
 * Adds what may be kept of `value` (NULL: memory was gone) to the object `parameters`, under `name`. What
 * there is no room for is "…", or left out. Errors: ERR_NOMEM.
 */
MUST_CHECK enum err audit_parameters_add(json_t *parameters, const char *name, json_t *value);

/* The same for a text. */
MUST_CHECK enum err audit_parameters_add_text(json_t *parameters, const char *name, const char *text);

/* The object as a text in `arena`; NULL when memory is gone, also where `parameters` is NULL. */
const char *audit_parameters_text(const json_t *parameters, struct arena *arena);

#endif
