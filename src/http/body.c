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

enum err request_read_body(const struct request *request, size_t limit, struct arena *arena,
                           const char **bytes, size_t *size)
{
    bool told = request->content_length >= 0;
    size_t room = told ? (size_t)request->content_length : FIRST_SIZE;
    size_t used = 0;
    char *body;

    if (told && request->content_length > (long long)limit)
        return ERR_TOO_LARGE;
    body = grown(arena, NULL, 0, room);
    if (!body)
        return ERR_NOMEM;
    /* RFC 3875 section 4.2: not a byte is read beyond Content-Length. Without one, the end is the body's end.
     */
    while (!told || used < room) {
        long got;

        if (used == room) {
            room *= 2;
            body = grown(arena, body, used, room);
            if (!body)
                return ERR_NOMEM;
        }
        got = request->body.read(request->body.context, body + used, room - used);
        if (got < 0)
            return ERR_IO;
        if (got == 0)
            break;
        used += (size_t)got;
        if (used > limit)
            return ERR_TOO_LARGE;
    }
    if (told && used < room)
        return ERR_IO;
    body[used] = '\0';
    *bytes = body;
    *size = used;
    return ERR_OK;
}
