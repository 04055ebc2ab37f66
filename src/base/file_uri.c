/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <string.h>

#include "base/file_uri.h"

#define SCHEME "file:"

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* Decodes "%41" in place; leaves alone what is none of these. */
static void decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        int high = *from == '%' ? hex_digit(from[1]) : -1;
        int low = high >= 0 ? hex_digit(from[2]) : -1;

        if (low >= 0)
            from += 2;
        *to++ = low >= 0 ? (char)(high << 4 | low) : *from;
    }
    *to = '\0';
}

char *file_uri_path(const char *uri)
{
    const char *path = uri + strlen(SCHEME);
    char *copy;

    if (strncmp(path, "//", 2) == 0)
        path += 2 + strcspn(path + 2, "/?#");
    copy = strndup(path, strcspn(path, "?#"));
    if (copy && *copy == '/')
        decode(copy);
    return copy;
}
