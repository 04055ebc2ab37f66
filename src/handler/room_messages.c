/* SPDX-License-Identifier: ISC */
/*
 * A room's history: pages of it, what surrounds an event, the event of a time, and one by its id. Tokens are
 * places between events, so that one of either answer leads on in either direction.
 */
#include <string.h>

#include "handler/handlers.h"
#include "handler/parameters.h"
#include "handler/timeline.h"

/* Reads the token of a parameter; a blank one counts for none. False after the answer has become 400. */
static bool read_token(struct call *call, const char *name, struct timeline_place *place)
{
    const char *text = query_get(&call->request.query, name);

    if (!text || !*text || timeline_token_read(text, place))
        return true;
    text = arena_printf(call->arena, "'%s' parameter is invalid", name);
    call_fail(call, text ? API_BAD_REQUEST : API_INTERNAL, text);
    return false;
}

/* Whether events are to be shown as servers have them. */
static bool wants_whole(const struct call *call, const struct event_filter *filter)
{
    return query_get(&call->request.query, "raw") ||
           (filter->event_format && strcmp(filter->event_format, "federation") == 0);
}

/* Adds the member events, as they were at the latest event of the page, of those who have sent one, if that
 * is asked for. */
static enum err add_members(const struct timeline_page *page, json_t *answer)
{
    size_t latest = page->walk.backwards ? 0 : json_array_size(page->events) - 1;
    const char *id = json_string_value(json_object_get(json_array_get(page->events, latest), "event_id"));
    json_t *senders, *state;
    enum err e;

    if (!id || !page->view->filter.lazy_load_members)
        return ERR_OK;
    senders = json_object();
    state = json_array();
    e = timeline_senders(page->events, senders);
    if (!e)
        e = timeline_state(page->view, id, senders, true, state);
    if (!e && json_array_size(state) > 0 && json_object_set(answer, "state", state) < 0)
        e = ERR_NOMEM;
    json_decref(senders);
    json_decref(state);
    return e;
}

/* There is no `end` where nothing was left to be seen. */
static json_t *answer_page(struct call *call, const struct timeline_page *page, struct timeline_place from)
{
    json_t *answer = json_pack("{s:O, s:o}", "chunk", page->events, "start", timeline_token(from));
    enum err e = answer ? ERR_OK : ERR_NOMEM;

    if (!e && (*page->last_id || page->limit == 0) &&
        json_object_set_new(answer, "end", timeline_token(page->place)) < 0)
        e = ERR_NOMEM;
    if (!e)
        e = add_members(page, answer);
    if (!e)
        return answer;
    json_decref(answer);
    return call_fail_err(call, e);
}

/* Reads where the page begins and where it ends at the latest. */
static bool read_range(struct call *call, bool backwards, struct timeline_place *from,
                       struct timeline_place *stop)
{
    struct timeline_place end;
    enum err e = timeline_end(call->app->db, call->parameters[0], call->arena, &end);

    if (e) {
        call_fail_err(call, e);
        return false;
    }
    *from = backwards ? end : TIMELINE_FIRST;
    *stop = backwards ? TIMELINE_FIRST : end;
    return read_token(call, "from", from) && read_token(call, "to", stop);
}

json_t *room_messages_get(struct call *call)
{
    struct timeline_view view;
    struct timeline_page page;
    struct timeline_place from, stop;
    bool backwards = false;
    json_t *answer = NULL;
    enum err e;

    if (!timeline_view_read(call, &view) || !parameter_backwards(call, &backwards) ||
        !read_range(call, backwards, &from, &stop))
        goto out;
    view.whole = wants_whole(call, &view.filter);
    e = timeline_page_read(&view, view.limit, backwards, from, stop, &page);
    answer = e ? call_fail_err(call, e) : answer_page(call, &page, from);
    json_decref(page.events);
out:
    timeline_view_free(&view);
    return answer;
}
