/* SPDX-License-Identifier: ISC */
/* QUERY_STRING. What is accepted is text, and can be encoded and decoded again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "http/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(struct buf *raw, const char *text)
{
    for (; *text; text++)
        buf_printf(raw, *text == ' ' ? "+" : "%%%02X", (unsigned char)*text);
}

static void check_query(const struct query *query, struct arena *arena)
{
    struct buf raw = {0};
    struct query again;

    if (query->count > QUERY_PARAMETERS_MAX)
        abort();
    buf_puts(&raw, "");
    for (size_t i = 0; i < query->count; i++) {
        encode(&raw, query->parameters[i].name);
        buf_puts(&raw, "=");
        encode(&raw, query->parameters[i].value);
        buf_puts(&raw, "&");
        if (!query_get(query, query->parameters[i].name))
            abort();
    }
    if (raw.err || query_decode(raw.data, arena, &again) || again.count != query->count)
        abort();
    for (size_t i = 0; i < query->count; i++) {
        const struct query_parameter *one = &query->parameters[i], *other = &again.parameters[i];

        if (!utf8_valid(one->name, strlen(one->name)) || !utf8_valid(one->value, strlen(one->value)) ||
            strcmp(one->name, other->name) != 0 || strcmp(one->value, other->value) != 0)
            abort();
    }
    buf_free(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new();
    char *text = arena ? arena_memdup(arena, data, size) : NULL;
    struct query query;

    if (!text)
        return -1;
    if (query_decode(text, arena, &query) == ERR_OK)
        check_query(&query, arena);
    arena_free(&arena);
    return 0;
}
