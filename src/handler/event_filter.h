/* SPDX-License-Identifier: ISC */
/* The query parameter `filter`: a RoomEventFilter ("Client-Server API", "Filtering"). */
#ifndef HANDLER_EVENT_FILTER_H
#define HANDLER_EVENT_FILTER_H

#include <stdbool.h>

#include "handler/call.h"
#include "handler/fields.h"

/* The arrays are of strings; NULL: absent. Begin with {0}. */
struct event_filter {
    json_t *json; /* owned; what the others are borrowed from */
    json_t *types, *not_types;
    json_t *senders, *not_senders;
    json_t *rooms, *not_rooms;
    enum choice contains_url;
    bool lazy_load_members;
    const char *event_format;
    struct field_integer limit;
};

/*
 * Reads it, if there is one; the caller frees it with event_filter_free(), also after a failure. False after
 * the answer has become 400 M_NOT_JSON or M_BAD_JSON.
 */
MUST_CHECK bool event_filter_read(struct call *call, struct event_filter *filter);

void event_filter_free(struct event_filter *filter);

/* Whether it lets events of a room through at all. */
bool event_filter_has_room(const struct event_filter *filter, const char *room_id);

/* Whether it lets an event through. NULL is no text that a list could name. */
bool event_filter_has(const struct event_filter *filter, const char *type, const char *sender,
                      bool contains_url);

#endif
