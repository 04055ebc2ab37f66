/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "matrix/json_text.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && is_space(*at))
        at++;
    return at;
}

/* Behind the string that begins at `at`; NULL when it does not end. */
static const char *skip_string(const char *at, const char *end)
{
    const char *quote, *escape;

    for (at++; at < end; at = escape + 2) {
        quote = memchr(at, '"', (size_t)(end - at));
        if (!quote)
            return NULL;
        escape = memchr(at, '\\', (size_t)(quote - at));
        if (!escape)
            return quote + 1;
    }
    return NULL;
}

/* Behind the value that begins at `at`: where it ends by its brackets, or before the next comma or bracket.
 */
static const char *skip_value(const char *at, const char *end)
{
    size_t depth = 0;

    while (at && at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
        } else if (*at == '{' || *at == '[') {
            depth++;
            at++;
        } else if (*at == '}' || *at == ']') {
            if (depth == 0)
                return at;
            depth--;
            at++;
        } else if (*at == ',' && depth == 0) {
            return at;
        } else {
            at++;
        }
    }
    return NULL;
}

/* Takes a member apart; returns what is behind it, NULL where there is none. */
static const char *take_member(const char *at, const char *end, struct json_piece *name,
                               struct json_piece *value)
{
    const char *behind = at < end && *at == '"' ? skip_string(at, end) : NULL;

    if (!behind)
        return NULL;
    *name = (struct json_piece){at + 1, (size_t)(behind - at) - 2};
    at = skip_space(behind, end);
    if (at == end || *at != ':')
        return NULL;
    at = skip_space(at + 1, end);
    behind = skip_value(at, end);
    if (!behind)
        return NULL;
    *value = (struct json_piece){at, (size_t)(behind - at)};
    while (value->size > 0 && is_space(at[value->size - 1]))
        value->size--;
    return behind;
}

bool json_text_member(const char *text, size_t size, const char *name, struct json_piece *value)
{
    const char *end = text + size, *at = skip_space(text, end);
    struct json_piece found;

    if (at == end || *at != '{')
        return false;
    do {
        at = take_member(skip_space(at + 1, end), end, &found, value);
        if (at && found.size == strlen(name) && memcmp(found.bytes, name, found.size) == 0)
            return true;
        if (at)
            at = skip_space(at, end);
    } while (at && at < end && *at == ',');
    return false;
}
