/* SPDX-License-Identifier: ISC */
/* A byte buffer that grows. The first failure sticks, so that a row of appends is checked once, at its end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct buf {
    char *data;    /* `length` bytes and a NUL after them; NULL while nothing was appended */
    size_t length; /* bytes, without the NUL */
    size_t size;   /* bytes allocated */
    enum err err;  /* the first failure: ERR_NOMEM or ERR_TOO_LARGE */
};

/* Initialise with `struct buf b = {0};`. */

/* Appends bytes, a character, a string, a number in decimal, formatted text. After a failure they do nothing.
 */
void buf_append(struct buf *buf, const void *bytes, size_t size);
void buf_putc(struct buf *buf, char c);
void buf_puts(struct buf *buf, const char *text);
void buf_put_integer(struct buf *buf, int64_t number);
/* `text`, each byte that is not one of `plain` as %XX (RFC 3986 section 2.1). */
void buf_put_percent(struct buf *buf, const char *text, const char *plain);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Empties the buffer and forgets its error; the memory is kept for the next use. */
void buf_clear(struct buf *buf);

/* Wipes and frees the memory; the buffer is empty again and may be used. */
void buf_free(struct buf *buf);

#endif
