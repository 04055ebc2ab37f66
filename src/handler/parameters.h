/* SPDX-License-Identifier: ISC */
/*
 * Query parameters of a type, with Synapse's answers to those of another form. Each leaves `*value` as it was
 * where the parameter is absent, and is false after the answer has become 400 M_INVALID_PARAM.
 */
#ifndef HANDLER_PARAMETERS_H
#define HANDLER_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "handler/call.h"

/* "true" or "false". */
MUST_CHECK bool parameter_boolean(struct call *call, const char *name, bool *value);

/* A number that is not negative. */
MUST_CHECK bool parameter_integer(struct call *call, const char *name, int64_t *value);

/* The same, which has to be there: else 400 M_MISSING_PARAM. */
MUST_CHECK bool parameter_required_integer(struct call *call, const char *name, int64_t *value);

/* `dir`: "f" for forwards, or "b". */
MUST_CHECK bool parameter_backwards(struct call *call, bool *backwards);

/* One of the `count` words at `words`; `*value` is which. */
MUST_CHECK bool parameter_word(struct call *call, const char *name, const char *const *words, size_t count,
                               size_t *value);

#endif
