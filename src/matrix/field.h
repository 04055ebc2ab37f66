/* SPDX-License-Identifier: ISC */
/* Reading the members of an event: absent, of another type and malformed are one and the same to the rules.
 */
#ifndef MATRIX_FIELD_H
#define MATRIX_FIELD_H

#include <stdbool.h>
#include <jansson.h>

/*
 * The string `name` of `object`, borrowed. NULL when `object` is no object (NULL is allowed), the member is
 * absent or not a string, or it holds U+0000: as a C string it would compare equal to another one.
 */
const char *field_string(const json_t *object, const char *name);

/* The object `name` of `object`, borrowed; NULL when there is none. */
json_t *field_object(const json_t *object, const char *name);

/* The integer `name` of `object`; false when there is none. */
bool field_integer(const json_t *object, const char *name, json_int_t *number);

/* The elements of the array `name` of `object`; 0 when there is none. */
size_t field_count(const json_t *object, const char *name);

#endif
