/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

const char *text_clean(struct arena *arena, const char *text, size_t max)
{
    size_t left = strlen(text);
    char *clean = arena_alloc(arena, (left < max ? left : max) + 1);
    size_t length = 0;

    while (clean && left > 0) {
        size_t sequence = utf8_sequence((const unsigned char *)text, left);
        size_t step = sequence ? sequence : 1;

        if (length + step > max)
            break;
        if (sequence)
            memcpy(clean + length, text, step);
        else
            clean[length] = '?';
        length += step;
        text += step;
        left -= step;
    }
    return clean;
}
