/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "http/request.h"

/* The room that is taken at first for a body of unknown length. */
#define FIRST_SIZE ((size_t)1024)

/* Room for `size` bytes and a NUL, beginning with the `used` ones at `bytes`. */
static char *grown(struct arena *arena, const char *bytes, size_t used, size_t size)
{
    char *copy = arena_alloc(arena, size + 1);

    if (copy && used > 0)
        memcpy(copy, bytes, used);
    return copy;
}

/* RFC 3875 section 4.2: not a byte is read beyond Content-Length. Without one, the end is the body's end. */
long request_next(const struct request *request, long long *taken, char *bytes, size_t size)
{
    const bool told = request->content_length >= 0;
    const long long left = told ? request->content_length - *taken : (long long)size;
    long got;

    if (left == 0)
        return 0;
    got = request->body.read(request->body.context, bytes, left < (long long)size ? (size_t)left : size);
    if (got == 0 && told)
        return -1;
    *taken += got > 0 ? got : 0;
    return got;
}

enum err request_read_body(const struct request *request, size_t limit, struct arena *arena,
                           const char **bytes, size_t *size)
{
    bool told = request->content_length >= 0;
    size_t room = told ? (size_t)request->content_length : FIRST_SIZE;
    long long used = 0;
    char *body;
    long got;

    if (told && request->content_length > (long long)limit)
        return ERR_TOO_LARGE;
    body = grown(arena, NULL, 0, room);
    if (!body)
        return ERR_NOMEM;
    while ((got = request_next(request, &used, body + used, room - (size_t)used)) > 0) {
        if (used > (long long)limit)
            return ERR_TOO_LARGE;
        if (!told && (size_t)used == room) {
            room *= 2;
            body = grown(arena, body, (size_t)used, room);
            if (!body)
                return ERR_NOMEM;
        }
    }
    if (got < 0)
        return ERR_IO;
    body[used] = '\0';
    *bytes = body;
    *size = (size_t)used;
    return ERR_OK;
}
