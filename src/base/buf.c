/* SPDX-License-Identifier: ISC */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define FIRST_SIZE ((size_t)1024)

/* Makes room for `more` bytes and a NUL. realloc() is not used: it could leave a copy of a secret behind. */
static int reserve(struct buf *buf, size_t more)
{
    size_t size = buf->size ? buf->size : FIRST_SIZE;
    char *data;

    if (buf->err)
        return 0;
    if (more >= SIZE_MAX / 2 - buf->length) {
        buf->err = ERR_TOO_LARGE;
        return 0;
    }
    if (buf->data && buf->length + more < buf->size)
        return 1;
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

void buf_append(struct buf *buf, const void *bytes, size_t size)
{
    if (!reserve(buf, size))
        return;
    if (size > 0)
        memcpy(buf->data + buf->length, bytes, size);
    buf->length += size;
    buf->data[buf->length] = '\0';
}

void buf_puts(struct buf *buf, const char *text)
{
    buf_append(buf, text, strlen(text));
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
