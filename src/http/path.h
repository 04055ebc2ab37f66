/* SPDX-License-Identifier: ISC */
/*
 * The request path, decoded once and wholly: split on "/" first, each segment percent-decoded after (RFC 3986
 * section 3.3), so that %2F inside an identifier does not separate. "+" is an ordinary character here.
 */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

#define PATH_SEGMENTS_MAX 16

struct path {
    size_t count;
    const char *segments[PATH_SEGMENTS_MAX]; /* decoded, valid UTF-8, without NUL; may be empty */
};

/*
 * Decodes `raw`, the part of REQUEST_URI before "?" less the mount point. It starts with "/"; further slashes
 * right at its start are one (synadm sends "//.well-known/matrix/server"). The segments live in `arena`.
 * Errors: ERR_INVALID (no "/" at the start, a malformed escape, %00, invalid UTF-8), ERR_NOT_FOUND (more
 * segments than any route has, or one that leads out of its place by "..", encoded or not), ERR_NOMEM.
 */
MUST_CHECK enum err path_decode(const char *raw, size_t size, struct arena *arena, struct path *path);

/*
 * The same for PATH_INFO, which the web server has decoded already: it is split and checked, not decoded
 * again (RFC 3875 section 4.1.5).
 */
MUST_CHECK enum err path_split(const char *decoded, struct arena *arena, struct path *path);

/*
 * Percent-decodes the `size` bytes at `raw` into a new string in `arena`; with `plus_is_space`, as a form
 * value (URL Standard, application/x-www-form-urlencoded). Errors as path_decode().
 */
MUST_CHECK enum err percent_decode(const char *raw, size_t size, int plus_is_space, struct arena *arena,
                                   const char **text);

#endif
