/* SPDX-License-Identifier: ISC */
/* A page of a room's history, as messages and context show one. */
#ifndef HANDLER_TIMELINE_H
#define HANDLER_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "handler/call.h"
#include "handler/event_filter.h"
#include "matrix/client_event.h"
#include "store/timeline.h"

/* Events of a page: a large one is held in memory whole, and each event may have 64 KiB. */
#define TIMELINE_LIMIT_MAX 1000

/* Events of a state that is shown whole. A larger one is for the most part of members, and who asks what
 * surrounds an event, if only for its place, is not sent a hundred thousand of them. */
#define TIMELINE_STATE_MAX 10000

/* What an answer says of its room and its events. Begin with {0}. */
struct timeline_view {
    struct call *call;
    struct event_filter filter;
    struct client_event about; /* version, room_id and now */
    bool whole;                /* events as servers have them */
    int64_t limit;             /* events, at most TIMELINE_LIMIT_MAX */
};

/*
 * Reads the room of the path, which may be none that we know, and the parameters `filter` and `limit`, which
 * is 10 unless given. The caller frees it with timeline_view_free(), also after a failure. False after the
 * answer has become an error.
 */
MUST_CHECK bool timeline_view_read(struct call *call, struct timeline_view *view);

void timeline_view_free(struct timeline_view *view);

struct timeline_page {
    const struct timeline_view *view;
    struct timeline_walk walk;
    int64_t limit;               /* events */
    int64_t looked_at;           /* events, with those that the filter has not let through */
    struct timeline_place place; /* how far it goes */
    char last_id[ID_SIZE];       /* of the last that was looked at; "": none */
    json_t *events;              /* owned */
};

/*
 * Fills a page from `from` on, and up to `stop`. Where the filter lets hardly anything through it ends before
 * it is full, to go on another time. The caller frees `page->events`, also after an error.
 */
MUST_CHECK enum err timeline_page_read(const struct timeline_view *view, int64_t limit, bool backwards,
                                       struct timeline_place from, struct timeline_place stop,
                                       struct timeline_page *page);

/*
 * Appends to `events` the state after the event `event_id`, as far as the filter lets it through: with
 * lazy_load_members, or if it is of more than TIMELINE_STATE_MAX events, of the members those in `senders`,
 * an object whose keys are user ids. With `members_only`, all of these and nothing else.
 */
MUST_CHECK enum err timeline_state(const struct timeline_view *view, const char *event_id,
                                   const json_t *senders, bool members_only, json_t *events);

/* Adds to `senders` those of `events`. Errors: ERR_NOMEM. */
MUST_CHECK enum err timeline_senders(const json_t *events, json_t *senders);

/* A place as a token, "t3_12", which is Dendrite's way to write one; NULL when memory is gone. */
json_t *timeline_token(struct timeline_place place);

/* Reads one. False if it is none. */
MUST_CHECK bool timeline_token_read(const char *text, struct timeline_place *place);

#endif
