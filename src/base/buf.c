/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define FIRST_SIZE     ((size_t)1024)
#define INTEGER_LENGTH 20 /* of the longest, "-9223372036854775808" */

/* Makes room for `more` bytes and a NUL. realloc() is not used: it could leave a copy of a secret behind. */
static int grow(struct buf *buf, size_t more)
{
    size_t size = buf->size ? buf->size : FIRST_SIZE;
    char *data;

    if (more >= SIZE_MAX / 2 - buf->length) {
        buf->err = ERR_TOO_LARGE;
        return 0;
    }
    while (size <= buf->length + more)
        size *= 2;
    data = malloc(size);
    if (!data) {
        buf->err = ERR_NOMEM;
        return 0;
    }
    if (buf->data) {
        memcpy(data, buf->data, buf->length);
        explicit_bzero(buf->data, buf->length);
        free(buf->data);
    }
    buf->data = data;
    buf->size = size;
    return 1;
}

/* Most texts are put together from little pieces, for which there is room. */
static inline int reserve(struct buf *buf, size_t more)
{
    if (buf->err)
        return 0;
    return more < buf->size - buf->length || grow(buf, more);
}

void buf_append(struct buf *buf, const void *bytes, size_t size)
{
    if (!reserve(buf, size))
        return;
    if (size > 0)
        memcpy(buf->data + buf->length, bytes, size);
    buf->length += size;
    buf->data[buf->length] = '\0';
}

void buf_putc(struct buf *buf, char c)
{
    if (!reserve(buf, 1))
        return;
    buf->data[buf->length++] = c;
    buf->data[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
}

/* Such as the numbers of a long list, for which printf(3) would be most of the work. */
void buf_put_integer(struct buf *buf, int64_t number)
{
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    char text[INTEGER_LENGTH];
    size_t at = sizeof text;

    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        text[--at] = '-';
    buf_append(buf, text + at, sizeof text - at);
}

void buf_put_percent(struct buf *buf, const char *text, const char *plain)
{
    for (; *text; text++)
        if (strchr(plain, *text))
            buf_putc(buf, *text);
        else
            buf_printf(buf, "%%%02X", (unsigned char)*text);
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || !reserve(buf, (size_t)length))
        return;
    va_start(args, format);
    vsnprintf(buf->data + buf->length, (size_t)length + 1, format, args);
    va_end(args);
    buf->length += (size_t)length;
}

void buf_clear(struct buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->length);
    buf->length = 0;
    buf->err = ERR_OK;
}

void buf_free(struct buf *buf)
{
    buf_clear(buf);
    free(buf->data);
    *buf = (struct buf){0};
}
