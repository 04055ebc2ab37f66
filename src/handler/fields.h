/* SPDX-License-Identifier: ISC */
/*
 * From a JSON object to a struct by a table: a row names a key, its type and its bounds, and where the value
 * goes. A key that is absent, or null unless its row says otherwise, leaves its member as it was. Keys
 * without a row are passed over.
 */
#ifndef HANDLER_FIELDS_H
#define HANDLER_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "handler/call.h"

enum field_type {
    FIELD_STRING,  /* const char *; NUL inside is refused */
    FIELD_BOOLEAN, /* bool */
    FIELD_CHOICE,  /* enum choice, which tells an absent boolean apart */
    FIELD_INTEGER, /* struct field_integer; a fraction, also 1.0, is none */
    FIELD_TRUTH,   /* bool, of any type: what Python takes for true, as Synapse reads some of its keys */
    FIELD_OBJECT,  /* json_t * */
    FIELD_ARRAY,   /* json_t *, whose items are not looked at */
    FIELD_ANY      /* json_t *, not looked at */
};

/* What FIELD_INTEGER puts: null, where the row takes it, is told apart from a key that is absent. */
struct field_integer {
    enum { INTEGER_ABSENT, INTEGER_NULL, INTEGER_GIVEN } state;
    int64_t value; /* of INTEGER_GIVEN */
};

/* What null means as a value. */
enum field_null {
    NULL_IS_ABSENT,
    NULL_IS_INVALID, /* it is of another type */
    NULL_IS_VALUE    /* of FIELD_INTEGER only */
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
    size_t min, max; /* characters of a string, or the value of an integer, which is not negative; a max of
                        0: no bound */
    enum field_null null;
    bool required;
    struct field_fault missing; /* a required key is absent or null */
    struct field_fault invalid; /* of another type, or what `range` is for, if that says nothing */
    struct field_fault range;   /* out of bounds, or with NUL */
};

/*
 * Decodes `object` by the `count` rows at `fields`, in their order, into the struct at `target`; texts and
 * objects are borrowed from `object`. False after the answer has become the first fault's: 400
 * M_MISSING_PARAM "Missing params: ['x']", M_BAD_JSON for a wrong type, M_INVALID_PARAM for what is out of
 * bounds or has NUL, or what the row says.
 */
MUST_CHECK bool fields_decode(struct call *call, json_t *object, const struct field *fields, size_t count,
                              void *target);

#endif
