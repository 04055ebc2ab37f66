/* SPDX-License-Identifier: ISC */
/* A path as it was sent, and as a web server decoded it; what is accepted can be encoded and decoded again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "http/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
    if (!utf8_valid(text, strlen(text)))
        abort();
}

static void encode(struct buf *raw, const struct path *path)
{
    buf_clear(raw);
    for (size_t i = 0; i < path->count; i++) {
        buf_puts(raw, "/");
        for (const char *c = path->segments[i]; *c; c++)
            buf_printf(raw, "%%%02x", (unsigned char)*c);
    }
    if (raw->err)
        abort();
}

static void check_path(const struct path *path, struct arena *arena)
{
    struct buf raw = {0};
    struct path again;

    if (path->count == 0 || path->count > PATH_SEGMENTS_MAX)
        abort();
    for (size_t i = 0; i < path->count; i++)
        check_text(path->segments[i]);
    encode(&raw, path);
    if (path_decode(raw.data, raw.length, arena, &again))
        abort();
    /* Slashes at the start are one, and so an empty segment there is lost; "/" and "//" are the same path. */
    if (*path->segments[0] && again.count != path->count)
        abort();
    for (size_t i = 0; *path->segments[0] && i < path->count; i++)
        if (strcmp(path->segments[i], again.segments[i]) != 0)
            abort();
    buf_free(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    char *text = arena ? arena_memdup(arena, data, size) : NULL;
    struct path path;

    if (!text)
        return -1;
    if (path_decode((const char *)data, size, arena, &path) == ERR_OK)
        check_path(&path, arena);
    if (path_split(text, arena, &path) == ERR_OK)
        check_path(&path, arena);
    arena_free(&arena);
    return 0;
}
