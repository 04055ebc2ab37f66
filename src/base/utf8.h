/* SPDX-License-Identifier: ISC */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length in bytes (1 to 4) of the well-formed UTF-8 sequence (RFC 3629 section 4: no overlong forms, no
 * surrogates, nothing above U+10FFFF) at the start of the `size` bytes at `bytes`; 0 if there is none.
 */
size_t utf8_sequence(const unsigned char *bytes, size_t size);

/* Whether all `size` bytes are well-formed UTF-8. No bytes at all are. */
bool utf8_valid(const char *bytes, size_t size);

/* How many code points the NUL-terminated, well-formed `text` has. */
size_t utf8_length(const char *text);

#endif
