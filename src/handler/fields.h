/* SPDX-License-Identifier: ISC */
/*
 * From a JSON object to a struct by a table: a row names a key, its type and its bounds, and where the value
 * goes. A key that is absent or null leaves its member as it was. Keys without a row are passed over.
 */
#ifndef HANDLER_FIELDS_H
#define HANDLER_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "handler/call.h"

enum field_type {
    FIELD_STRING,  /* const char *; NUL inside is refused */
    FIELD_BOOLEAN, /* bool */
    FIELD_TRUTH,   /* bool, of any type: what Python takes for true, as Synapse reads some of its keys */
    FIELD_OBJECT,  /* json_t * */
    FIELD_ANY      /* json_t *, not looked at */
};

/* The answer to a fault; `text` NULL: the usual one, made from the key's name. */
struct field_fault {
    enum api_error error;
    const char *text;
};

struct field {
    const char *name;
    enum field_type type;
    size_t offset;   /* of the member in the struct */
    size_t min, max; /* characters of a string; 0: no bound */
    bool required;
    struct field_fault missing; /* a required key is absent or null */
    struct field_fault invalid; /* of another type, too short, too long, or with NUL */
};

/*
 * Decodes `object` by the `count` rows at `fields`, in their order, into the struct at `target`; texts and
 * objects are borrowed from `object`. False after the answer has become the first fault's: 400
 * M_MISSING_PARAM "Missing params: ['x']", M_BAD_JSON for a wrong type, M_INVALID_PARAM for a wrong length or
 * NUL, or what the row says.
 */
MUST_CHECK bool fields_decode(struct call *call, json_t *object, const struct field *fields, size_t count,
                              void *target);

#endif
