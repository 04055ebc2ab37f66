/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "handler/parameters.h"
#include "handler/timeline.h"
#include "matrix/field.h"
#include "store/events.h"
#include "store/rooms.h"
#include "store/state_at.h"

#define LIMIT_DEFAULT 10
/* Events that are looked at for one page: some tenths of a second. */
#define LOOKED_AT_MAX 20000

/* The room's version, which events are redacted by. */
static bool read_room(struct timeline_view *view)
{
    struct call *call = view->call;
    struct room_row room;
    enum err e = rooms_find(call->app->db, call->parameters[0], call->arena, &room);

    nids_free(&room.latest);
    view->about = (struct client_event){
        .version = e ? NULL : room_version_known(room.version),
        .room_id = call->parameters[0],
        .now = clock_now_ms(),
    };
    if (!e || e == ERR_NOT_FOUND)
        return true;
    call_fail_err(call, e);
    return false;
}

/* The smaller one of what is asked for in two ways; 0 in a filter has no meaning. */
static int64_t limit_of(int64_t limit, const struct field_integer *filter)
{
    if (filter->state == INTEGER_GIVEN && filter->value > 0 && filter->value < limit)
        limit = filter->value;
    return limit < TIMELINE_LIMIT_MAX ? limit : TIMELINE_LIMIT_MAX;
}

bool timeline_view_read(struct call *call, struct timeline_view *view)
{
    int64_t limit = LIMIT_DEFAULT;

    *view = (struct timeline_view){.call = call};
    if (!parameter_integer(call, "limit", &limit) || !event_filter_read(call, &view->filter) ||
        !read_room(view))
        return false;
    view->limit = limit_of(limit, &view->filter.limit);
    return true;
}

void timeline_view_free(struct timeline_view *view)
{
    event_filter_free(&view->filter);
}

static bool is_same(const json_t *a, const json_t *b, const char *name)
{
    const char *x = field_string(a, name), *y = field_string(b, name);

    return x && y && strcmp(x, y) == 0;
}

/* Takes up what the event replaced, if it had the same place in the state; new in `about`. */
static enum err find_replaced(const struct timeline_view *view, const json_t *event, const char *id,
                              struct client_event *about, json_t **replaced)
{
    struct event_by_id known;
    enum err e = id ? events_find_id(view->call->app->db, id, view->call->arena, &known) : ERR_NOT_FOUND;

    *replaced = e ? NULL : json_loads(known.json, JSON_ALLOW_NUL, NULL);
    if (is_same(event, *replaced, "type") && is_same(event, *replaced, "state_key")) {
        about->replaces = id;
        about->replaced_event = *replaced;
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Shows an event; what is NULL, because it is no JSON, which no server has sent like that, is left out. */
static enum err show(const struct timeline_view *view, const char *id, json_t *event, const char *replaces,
                     json_t *events)
{
    struct client_event about = view->about;
    json_t *replaced = NULL, *shown;
    enum err e;

    if (!json_is_object(event))
        return ERR_OK;
    about.id = id;
    e = find_replaced(view, event, replaces, &about, &replaced);
    if (!e) {
        shown = view->whole ? client_event_whole(event, &about) : client_event_new(event, &about);
        e = json_array_append_new(events, shown) < 0 ? ERR_NOMEM : ERR_OK;
    }
    json_decref(replaced);
    return e;
}

static enum err add_event(const struct timeline_event *event, void *context)
{
    struct timeline_page *page = context;
    json_t *json = NULL;
    enum err e;

    page->place = event->place;
    page->place.position -= page->walk.backwards;
    snprintf(page->last_id, sizeof page->last_id, "%s", event->id);
    if (event_filter_has(&page->view->filter, event->type, event->sender, event->contains_url))
        json = json_loads(event->json, JSON_ALLOW_NUL, NULL);
    e = show(page->view, event->id, json, event->replaces, page->events);
    json_decref(json);
    page->walk.enough =
        (int64_t)json_array_size(page->events) >= page->limit || ++page->looked_at >= LOOKED_AT_MAX;
    return e;
}

enum err timeline_page_read(const struct timeline_view *view, int64_t limit, bool backwards,
                            struct timeline_place from, struct timeline_place stop,
                            struct timeline_page *page)
{
    enum err e = ERR_OK;

    *page = (struct timeline_page){
        .view = view,
        .walk = {.room_id = view->about.room_id, .backwards = backwards, .at = from, .stop = stop},
        .limit = limit,
        .place = from,
        .events = json_array(),
    };
    if (!event_filter_has_room(&view->filter, view->about.room_id))
        return ERR_OK;
    while (!e && limit > 0 && !page->walk.done && !page->walk.enough)
        e = timeline_next(view->call->app->db, &page->walk, add_event, page);
    return e;
}

struct state_listing {
    const struct timeline_view *view;
    const json_t *senders;
    bool members_only;
    bool lazy; /* of the members only the senders */
    json_t *events;
};

static bool is_wanted(const struct state_listing *listing, const struct state_at_event *event)
{
    if (strcmp(event->type, "m.room.member") != 0)
        return !listing->members_only;
    return !listing->lazy || json_object_get(listing->senders, event->state_key);
}

static enum err add_state(const struct state_at_event *event, void *context)
{
    const struct state_listing *listing = context;
    json_t *json;
    enum err e = ERR_OK;

    if (!is_wanted(listing, event))
        return ERR_OK;
    json = json_loads(event->json, JSON_ALLOW_NUL, NULL);
    if (listing->members_only ||
        event_filter_has(&listing->view->filter, event->type, field_string(json, "sender"),
                         field_string(field_object(json, "content"), "url")))
        e = show(listing->view, event->id, json, NULL, listing->events);
    json_decref(json);
    return e;
}

enum err timeline_state(const struct timeline_view *view, const char *event_id, const json_t *senders,
                        bool members_only, json_t *events)
{
    struct state_listing listing = {view, senders, members_only, view->filter.lazy_load_members, events};
    struct state_at state;
    enum err e = state_at_open(&state, view->call->app->db, event_id);

    if (state.nids.count > TIMELINE_STATE_MAX)
        listing.lazy = true;
    while (!e && !state_at_done(&state))
        e = state_at_next(&state, add_state, &listing);
    state_at_free(&state);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err timeline_senders(const json_t *events, json_t *senders)
{
    for (size_t i = 0; i < json_array_size(events); i++) {
        const char *sender = field_string(json_array_get(events, i), "sender");

        if (sender && json_object_set_new(senders, sender, json_true()) < 0)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

json_t *timeline_token(struct timeline_place place)
{
    return json_sprintf("t%lld_%lld", (long long)place.depth, (long long)place.position);
}

/* Reads digits up to `end`. */
static const char *read_number(const char *text, char end, int64_t *number)
{
    size_t length = strspn(text, "0123456789");

    errno = 0;
    *number = strtoll(text, NULL, 10);
    return length > 0 && text[length] == end && !errno ? text + length : NULL;
}

bool timeline_token_read(const char *text, struct timeline_place *place)
{
    const char *at = *text == 't' ? read_number(text + 1, '_', &place->depth) : NULL;

    return at && read_number(at + 1, '\0', &place->position);
}
