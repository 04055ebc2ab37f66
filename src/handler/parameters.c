/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "handler/parameters.h"

static bool fault(struct call *call, const char *text)
{
    call_fail(call, text ? API_INVALID_PARAM : API_INTERNAL, text);
    return false;
}

/* One of two words. */
static bool either(struct call *call, const char *name, const char *yes, const char *no, bool *value)
{
    const char *text = query_get(&call->request.query, name);

    if (!text)
        return true;
    *value = strcmp(text, yes) == 0;
    return *value || strcmp(text, no) == 0;
}

bool parameter_boolean(struct call *call, const char *name, bool *value)
{
    return either(call, name, "true", "false", value) ||
           fault(call, arena_printf(call->arena,
                                    "Boolean query parameter '%s' must be one of ['true', 'false']", name));
}

bool parameter_integer(struct call *call, const char *name, int64_t *value)
{
    const char *text = query_get(&call->request.query, name);
    char *end;

    if (!text)
        return true;
    errno = 0;
    *value = strtoll(text, &end, 10);
    /* strtoll() would let space before the number pass, and a plus sign. */
    if (!strchr("-0123456789", *text) || *end || end == text || errno)
        return fault(call, arena_printf(call->arena, "Query parameter %s must be an integer", name));
    if (*value < 0)
        return fault(call, arena_printf(call->arena, "Query parameter %s must be a positive integer.", name));
    return true;
}

bool parameter_required_integer(struct call *call, const char *name, int64_t *value)
{
    const char *text;

    if (query_get(&call->request.query, name))
        return parameter_integer(call, name, value);
    text = arena_printf(call->arena, "Missing required integer query parameter %s", name);
    call_fail(call, text ? API_MISSING_PARAM : API_INTERNAL, text);
    return false;
}

bool parameter_backwards(struct call *call, bool *backwards)
{
    return either(call, "dir", "b", "f", backwards) ||
           fault(call, "Query parameter 'dir' must be one of ['b', 'f']");
}

/* "Query parameter 'x' must be one of ['a', 'b']". */
static const char *not_one_of(struct call *call, const char *name, const char *const *words, size_t count)
{
    const char *list = "";

    for (size_t i = 0; list && i < count; i++)
        list = arena_printf(call->arena, "%s%s'%s'", list, i ? ", " : "", words[i]);
    return list ? arena_printf(call->arena, "Query parameter '%s' must be one of [%s]", name, list) : NULL;
}

bool parameter_word(struct call *call, const char *name, const char *const *words, size_t count,
                    size_t *value)
{
    const char *text = query_get(&call->request.query, name);

    if (!text)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(words[i], text) == 0) {
            *value = i;
            return true;
        }
    }
    return fault(call, not_one_of(call, name, words, count));
}
