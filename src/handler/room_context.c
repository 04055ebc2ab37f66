/* SPDX-License-Identifier: ISC */
/* What surrounds an event of a room, and where: Synapse's context, timestamp_to_event and fetch_event. */
#include "base/clock.h"
#include "handler/handlers.h"
#include "handler/parameters.h"
#include "handler/timeline.h"
#include "store/events.h"

/* An event, and the events before and after it. */
struct context {
    struct timeline_view view;
    struct timeline_place place; /* after the event */
    struct timeline_page event, before, after;
    json_t *state;
};

/* The event itself is shown whatever the filter says. */
static enum err read_event(struct context *context)
{
    struct timeline_view view = context->view;
    struct timeline_place before = context->place;

    view.filter = (struct event_filter){0};
    before.position--;
    return timeline_page_read(&view, 1, false, before, context->place, &context->event);
}

static enum err read_pages(struct context *context)
{
    struct timeline_place before = context->place, end;
    const struct timeline_view *view = &context->view;
    struct call *call = view->call;
    enum err e = timeline_end(call->app->db, view->about.room_id, call->arena, &end);

    before.position--;
    if (!e)
        e = read_event(context);
    if (!e)
        e = timeline_page_read(view, view->limit / 2, true, before, TIMELINE_FIRST, &context->before);
    if (!e)
        e = timeline_page_read(view, view->limit - view->limit / 2, false, context->place, end,
                               &context->after);
    return e;
}

/* The state is that after the last of the events. */
static enum err read_state(struct context *context)
{
    const json_t *const shown[] = {context->before.events, context->event.events, context->after.events};
    const char *last = *context->after.last_id ? context->after.last_id : context->event.last_id;
    json_t *senders = json_object();
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < sizeof shown / sizeof *shown; i++)
        e = timeline_senders(shown[i], senders);
    if (!e)
        e = timeline_state(&context->view, last, senders, false, context->state);
    json_decref(senders);
    return e;
}

static json_t *show_context(struct call *call, struct context *context)
{
    json_t *event;
    enum err e = read_pages(context);

    if (!e)
        e = read_state(context);
    if (e)
        return call_fail_err(call, e);
    event = json_array_get(context->event.events, 0);
    if (!event) /* gone meanwhile */
        return call_fail(call, API_NOT_FOUND, "Event not found.");
    return json_pack("{s:O, s:O, s:O, s:O, s:o, s:o}", "events_before", context->before.events, "event",
                     event, "events_after", context->after.events, "state", context->state, "start",
                     timeline_token(context->before.place), "end", timeline_token(context->after.place));
}

json_t *room_context_get(struct call *call)
{
    struct context context = {.state = json_array()};
    json_t *answer = NULL;
    enum err e;

    if (timeline_view_read(call, &context.view)) {
        e = timeline_find(call->app->db, call->parameters[0], call->parameters[1], &context.place);
        if (e == ERR_NOT_FOUND)
            call_fail(call, API_NOT_FOUND, "Event not found.");
        else if (e)
            call_fail_err(call, e);
        else
            answer = show_context(call, &context);
    }
    json_decref(context.event.events);
    json_decref(context.before.events);
    json_decref(context.after.events);
    json_decref(context.state);
    timeline_view_free(&context.view);
    return answer;
}

json_t *room_time_get(struct call *call)
{
    struct timeline_search search = {.room_id = call->parameters[0]};
    enum err e = ERR_OK;
    const char *text;

    if (!parameter_required_integer(call, "ts", &search.ts) || !parameter_backwards(call, &search.backwards))
        return NULL;
    while (!e && !search.done)
        e = timeline_search_next(call->app->db, &search);
    if (e)
        return call_fail_err(call, e);
    if (*search.event_id)
        return json_pack("{s:s, s:I}", "event_id", search.event_id, "origin_server_ts",
                         (json_int_t)search.event_ts);
    text = arena_printf(call->arena, "Unable to find event from %lld in direction %s", (long long)search.ts,
                        search.backwards ? "b" : "f");
    return call_fail(call, text ? API_NOT_FOUND : API_INTERNAL, text);
}

json_t *event_get(struct call *call)
{
    struct client_event about = {.id = call->parameters[0], .now = clock_now_ms()};
    struct event_by_id known;
    json_t *event, *whole = NULL;
    enum err e = events_find_id(call->app->db, about.id, call->arena, &known);

    if (e)
        return call_fail_absent(call, e, "Event not found");
    event = json_loads(known.json, JSON_ALLOW_NUL, NULL);
    if (json_is_object(event))
        whole = client_event_whole(event, &about);
    json_decref(event);
    return whole ? json_pack("{s:o}", "event", whole) : NULL;
}
