/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "http/path.h"

/* The value of a hexadecimal digit, -1 for anything else. strtol() would take blanks and signs too. */
static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* A decoded text is one that can be a C string and a JSON string alike. */
static bool text_valid(const char *text, size_t size)
{
    return !memchr(text, '\0', size) && utf8_valid(text, size);
}

enum err percent_decode(const char *raw, size_t size, int plus_is_space, struct arena *arena,
                        const char **text)
{
    char *decoded = arena_alloc(arena, size + 1);
    size_t length = 0;

    if (!decoded)
        return ERR_NOMEM;
    for (size_t i = 0; i < size; i++) {
        char c = raw[i];

        if (c == '%') {
            int high = i + 2 < size ? hex_digit(raw[i + 1]) : -1;
            int low = i + 2 < size ? hex_digit(raw[i + 2]) : -1;

            if (high < 0 || low < 0)
                return ERR_INVALID;
            c = (char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        decoded[length++] = c;
    }
    if (!text_valid(decoded, length))
        return ERR_INVALID;
    *text = decoded;
    return ERR_OK;
}

/* Takes a segment over as it is, for a path that the web server has decoded. */
static enum err segment_copy(const char *bytes, size_t size, struct arena *arena, const char **text)
{
    if (!text_valid(bytes, size))
        return ERR_INVALID;
    *text = arena_memdup(arena, bytes, size);
    return *text ? ERR_OK : ERR_NOMEM;
}

/*
 * Whether a segment leads out of its own place by "..": a web server that decodes before it splits has then
 * taken the path for another one, and has let in whom the rules for this one would have kept out.
 */
static bool climbs(const char *segment)
{
    int depth = 0;

    for (;;) {
        size_t length = strcspn(segment, "/");

        if (length == 2 && memcmp(segment, "..", 2) == 0)
            depth--;
        else if (length > 1 || (length == 1 && *segment != '.'))
            depth++;
        if (depth < 0 || !segment[length])
            return depth < 0;
        segment += length + 1;
    }
}

static enum err split(const char *bytes, size_t size, bool escaped, struct arena *arena, struct path *path)
{
    const char *end = bytes + size;
    const char *at = bytes;

    *path = (struct path){0};
    if (size == 0 || *at != '/')
        return ERR_INVALID;
    while (at < end && *at == '/')
        at++;
    for (;;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        size_t length = (size_t)((slash ? slash : end) - at);
        const char *segment;
        enum err e = escaped ? percent_decode(at, length, 0, arena, &segment)
                             : segment_copy(at, length, arena, &segment);

        if (e)
            return e;
        if (path->count == PATH_SEGMENTS_MAX || climbs(segment))
            return ERR_NOT_FOUND;
        path->segments[path->count++] = segment;
        if (!slash)
            return ERR_OK;
        at = slash + 1;
    }
}

enum err path_decode(const char *raw, size_t size, struct arena *arena, struct path *path)
{
    return split(raw, size, true, arena, path);
}

enum err path_split(const char *decoded, struct arena *arena, struct path *path)
{
    return split(decoded, strlen(decoded), false, arena, path);
}
