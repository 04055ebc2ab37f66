/* SPDX-License-Identifier: ISC */
/* QUERY_STRING as application/x-www-form-urlencoded (URL Standard section 5.1). */
#ifndef HTTP_QUERY_H
#define HTTP_QUERY_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define QUERY_PARAMETERS_MAX 64

struct query_parameter {
    const char *name;
    const char *value; /* "" when it had none */
};

struct query {
    size_t count;
    struct query_parameter parameters[QUERY_PARAMETERS_MAX]; /* in the order they came */
};

/*
 * Decodes `raw` (NULL: none) into `arena`. Empty pieces between "&" are passed over.
 * Errors: ERR_INVALID (malformed escape, %00, invalid UTF-8), ERR_TOO_LARGE (too many parameters), ERR_NOMEM.
 */
MUST_CHECK enum err query_decode(const char *raw, struct arena *arena, struct query *query);

/* The first value of `name`, borrowed; NULL when it is absent. */
const char *query_get(const struct query *query, const char *name);

#endif
