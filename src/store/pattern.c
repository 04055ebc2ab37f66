/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "store/pattern.h"

const char *pattern_of(const char *text, struct arena *arena)
{
    char *pattern = arena_alloc(arena, 2 * strlen(text) + 3), *out = pattern;

    if (!pattern)
        return NULL;
    *out++ = '%';
    for (; *text; text++) {
        if (strchr("%_\\", *text))
            *out++ = '\\';
        *out++ = *text;
    }
    *out = '%';
    return pattern;
}
