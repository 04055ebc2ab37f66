/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "http/path.h"
#include "http/query.h"

static enum err parameter_decode(const char *piece, size_t size, struct arena *arena,
                                 struct query_parameter *parameter)
{
    const char *equals = memchr(piece, '=', size);
    size_t name_size = equals ? (size_t)(equals - piece) : size;
    enum err e = percent_decode(piece, name_size, 1, arena, &parameter->name);

    if (e)
        return e;
    if (!equals) {
        parameter->value = "";
        return ERR_OK;
    }
    return percent_decode(equals + 1, size - name_size - 1, 1, arena, &parameter->value);
}

enum err query_decode(const char *raw, struct arena *arena, struct query *query)
{
    query->count = 0;
    while (raw && *raw) {
        size_t size = strcspn(raw, "&");

        if (size > 0) {
            enum err e;

            if (query->count == QUERY_PARAMETERS_MAX)
                return ERR_TOO_LARGE;
            e = parameter_decode(raw, size, arena, &query->parameters[query->count]);
            if (e)
                return e;
            query->count++;
        }
        raw += size;
        raw += *raw == '&';
    }
    return ERR_OK;
}

const char *query_get(const struct query *query, const char *name)
{
    for (size_t i = 0; i < query->count; i++)
        if (strcmp(query->parameters[i].name, name) == 0)
            return query->parameters[i].value;
    return NULL;
}
