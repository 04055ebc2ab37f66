/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "route/route.h"

/* Whether `segment` is one of the alternatives "r0|v3" that the `size` bytes at `pattern` hold. */
static bool alternative_matches(const char *pattern, size_t size, const char *segment)
{
    size_t length = strlen(segment);

    for (;;) {
        const char *bar = memchr(pattern, '|', size);
        size_t alternative = bar ? (size_t)(bar - pattern) : size;

        if (alternative == length && memcmp(pattern, segment, length) == 0)
            return true;
        if (!bar)
            return false;
        pattern += alternative + 1;
        size -= alternative + 1;
    }
}

static bool pattern_matches(const char *pattern, const struct path *path,
                            const char *parameters[CALL_PARAMETERS_MAX])
{
    size_t taken = 0;

    for (size_t i = 0; i < path->count; i++) {
        size_t size;

        if (*pattern++ != '/')
            return false;
        size = strcspn(pattern, "/");
        if (*pattern == '{' && taken < CALL_PARAMETERS_MAX)
            parameters[taken++] = path->segments[i];
        else if (!alternative_matches(pattern, size, path->segments[i]))
            return false;
        pattern += size;
    }
    return *pattern == '\0';
}

/* Adds a method to the value of Allow; HEAD goes wherever GET goes. */
static void allow_add(char *allow, size_t size, enum method method)
{
    size_t length = strlen(allow);

    snprintf(allow + length, size - length, "%s%s%s", length > 0 ? ", " : "", method_name(method),
             method == METHOD_GET ? ", HEAD" : "");
}

const struct route *route_match(enum method method, const struct path *path,
                                const char *parameters[CALL_PARAMETERS_MAX], char *allow, size_t allow_size)
{
    allow[0] = '\0';
    for (size_t i = 0; i < routes_count; i++) {
        if (!pattern_matches(routes[i].pattern, path, parameters))
            continue;
        if (routes[i].method == method)
            return &routes[i];
        allow_add(allow, allow_size, routes[i].method);
    }
    if (*allow)
        allow_add(allow, allow_size, METHOD_OPTIONS);
    return NULL;
}
