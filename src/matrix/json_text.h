/* SPDX-License-Identifier: ISC */
/* Looking into the text of a JSON object without parsing all of it. */
#ifndef MATRIX_JSON_TEXT_H
#define MATRIX_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A piece of a text; borrowed, not NUL-terminated. */
struct json_piece {
    const char *bytes;
    size_t size;
};

/*
 * Finds the member `name` (without characters that JSON escapes) of the object that is the whole of `text`;
 * `*value` becomes the text of its value, which is only split off, not checked. False when there is none, or
 * where the text stops being JSON before it. Of two members of one name the first is found.
 */
bool json_text_member(const char *text, size_t size, const char *name, struct json_piece *value);

#endif
