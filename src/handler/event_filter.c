/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "handler/event_filter.h"

#define ARRAY(member)                                                                                        \
    {                                                                                                        \
        .name = #member, .type = FIELD_ARRAY, .offset = offsetof(struct event_filter, member)                \
    }

static const struct field fields[] = {
    ARRAY(types),
    ARRAY(not_types),
    ARRAY(senders),
    ARRAY(not_senders),
    ARRAY(rooms),
    ARRAY(not_rooms),
    {.name = "contains_url", .type = FIELD_CHOICE, .offset = offsetof(struct event_filter, contains_url)},
    {.name = "lazy_load_members",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct event_filter, lazy_load_members)},
    {.name = "event_format", .type = FIELD_STRING, .offset = offsetof(struct event_filter, event_format)},
    {.name = "limit", .type = FIELD_INTEGER, .offset = offsetof(struct event_filter, limit)},
};

/* Whether the items of its arrays are strings. */
static bool has_texts(struct call *call, const struct event_filter *filter)
{
    const json_t *const arrays[] = {filter->types,       filter->not_types, filter->senders,
                                    filter->not_senders, filter->rooms,     filter->not_rooms};

    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        for (size_t j = 0; j < json_array_size(arrays[i]); j++)
            if (!json_is_string(json_array_get(arrays[i], j))) {
                call_fail(call, API_BAD_JSON, "The lists of a filter must be of strings");
                return false;
            }
    return true;
}

bool event_filter_read(struct call *call, struct event_filter *filter)
{
    const char *text = query_get(&call->request.query, "filter");

    if (!text)
        return true;
    filter->json = json_loads(text, 0, NULL);
    if (!json_is_object(filter->json)) {
        call_fail(call, API_NOT_JSON, "Query parameter filter must be a valid JSON object");
        return false;
    }
    return fields_decode(call, filter->json, fields, sizeof fields / sizeof *fields, filter) &&
           has_texts(call, filter);
}

void event_filter_free(struct event_filter *filter)
{
    json_decref(filter->json);
    *filter = (struct event_filter){0};
}

/* Whether `text` is `pattern`, of which each "*" stands for any characters. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL, *again = NULL;

    while (*text) {
        if (*pattern == '*') {
            star = pattern++;
            again = text;
        } else if (*pattern == *text) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star + 1;
            text = ++again;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

static bool names(const json_t *array, const char *text, bool patterns)
{
    for (size_t i = 0; text && i < json_array_size(array); i++) {
        const char *item = json_string_value(json_array_get(array, i));

        if (patterns ? matches(item, text) : strcmp(item, text) == 0)
            return true;
    }
    return false;
}

/* Whether a text is let through by the list of those that are, if there is one, and that of those that are
 * not. */
static bool lets(const json_t *wanted, const json_t *unwanted, const char *text, bool patterns)
{
    return (!wanted || names(wanted, text, patterns)) && !names(unwanted, text, patterns);
}

bool event_filter_has_room(const struct event_filter *filter, const char *room_id)
{
    return lets(filter->rooms, filter->not_rooms, room_id, false);
}

bool event_filter_has(const struct event_filter *filter, const char *type, const char *sender,
                      bool contains_url)
{
    return lets(filter->types, filter->not_types, type, true) &&
           lets(filter->senders, filter->not_senders, sender, false) &&
           (filter->contains_url == CHOICE_STAY || contains_url == (filter->contains_url == CHOICE_YES));
}
