/* SPDX-License-Identifier: ISC */
/*
 * Canonical JSON (Matrix Appendices, "Canonical JSON"): the one encoding of a value that is hashed and
 * signed. jansson's iterators take no const, so neither do these functions; they change nothing.
 */
#ifndef MATRIX_CANONICAL_JSON_H
#define MATRIX_CANONICAL_JSON_H

#include <stddef.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"

#define CANONICAL_JSON_INTEGER_MAX ((json_int_t)9007199254740991) /* 2^53 - 1; the least is its negative */

/* How numbers are taken: room versions 1 to 5 do not enforce the encoding (their section "Canonical JSON").
 */
enum canonical_json {
    CANONICAL_JSON_STRICT, /* integers within the bounds */
    CANONICAL_JSON_LENIENT /* all 64-bit integers, and 1e10 as 10000000000, the last of the Appendices'
                              examples */
};

/*
 * Appends the canonical encoding of `value` to `out`. Errors (part of it may be in `out` then):
 *   ERR_INVALID      a number the encoding does not have, a string that is not valid UTF-8, nesting that is
 * deeper than canonical_json_read() takes; ERR_UNSUPPORTED  lenient only: a fraction; what its hash covers is
 * how its sender wrote it, which no parser keeps; ERR_NOMEM, ERR_TOO_LARGE.
 */
MUST_CHECK enum err canonical_json_write(json_t *value, enum canonical_json numbers, struct buf *out);

/* The same for an object without the members named in `without`, a list that ends with NULL. */
MUST_CHECK enum err canonical_json_write_without(json_t *object, const char *const *without,
                                                 enum canonical_json numbers, struct buf *out);

/* Appends `text` as a JSON string with the shortest escapes. Errors as above. */
MUST_CHECK enum err canonical_json_write_string(const char *text, size_t size, struct buf *out);

/*
 * Parses an object or array, canonical or not. `*value` is a new reference. A name that comes twice in an
 * object is refused: parsers differ in which of the two they keep, so a signature over one could be shown
 * with the other. A string may hold U+0000, as the encoding allows; a name may not, since jansson cannot hold
 * it. Errors: ERR_INVALID (not JSON, a name twice, an integer of more than 64 bits), ERR_NOMEM.
 */
MUST_CHECK enum err canonical_json_read(const char *bytes, size_t size, json_t **value);

#endif
