/* SPDX-License-Identifier: ISC */
/*
 * The reports of events, as Synapse shows them. Of an event whose room was purged only is known who sent it,
 * and who reported it: its ids are "", and its JSON is as little as tools can read without a mishap.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "handler/handlers.h"
#include "handler/page.h"
#include "handler/parameters.h"
#include "store/event_reports.h"

#define LIMIT_DEFAULT 100

/* What users and clients have sent, valid UTF-8 or not; NULL is null. */
static json_t *text_or_null(struct arena *arena, const char *text)
{
    return text ? json_string(text_clean(arena, text, strlen(text))) : json_null();
}

static json_t *object_of(const struct event_report *report, struct arena *arena)
{
    return json_pack(
        "{s:I, s:I, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "id", (json_int_t)report->id, "received_ts",
        (json_int_t)report->received_ts, "room_id", report->room_id, "event_id", report->event_id, "user_id",
        report->user_id, "sender", report->sender, "reason", text_or_null(arena, report->reason), "score",
        report->has_score ? json_integer(report->score) : json_null(), "name",
        text_or_null(arena, report->name), "canonical_alias", text_or_null(arena, report->canonical_alias));
}

struct listing {
    struct arena *arena;
    json_t *reports;
};

static enum err list_report(const struct event_report *report, void *context)
{
    struct listing *listing = context;

    return json_array_append_new(listing->reports, object_of(report, listing->arena)) ? ERR_NOMEM : ERR_OK;
}

static const char *filter_text(const struct call *call, const char *name)
{
    const char *text = query_get(&call->request.query, name);

    return text ? text : "";
}

json_t *event_reports_get(struct call *call)
{
    const struct event_report_filter filter = {
        .user_id = filter_text(call, "user_id"),
        .room_id = filter_text(call, "room_id"),
        .sender = filter_text(call, "event_sender_user_id"),
    };
    struct event_report_page page = {.limit = LIMIT_DEFAULT, .backwards = true};
    struct listing listing = {.arena = call->arena};
    int64_t total = 0;
    enum err e;

    if (!parameter_integer(call, "from", &page.from) || !parameter_integer(call, "limit", &page.limit) ||
        !parameter_backwards(call, &page.backwards))
        return NULL;
    listing.reports = json_array();
    e = event_reports_count(call->app->db, &filter, &total);
    if (!e)
        e = event_reports_list(call->app->db, &filter, &page, list_report, &listing);
    if (!e)
        return page_answer("event_reports", listing.reports, page.from, page.limit, total);
    json_decref(listing.reports);
    return call_fail_err(call, e);
}

/* Reads the id of the path. False after the answer has become an error. */
static bool read_id(struct call *call, int64_t *id)
{
    const char *text = call->parameters[0];

    if (*text && text[strspn(text, "0123456789")] == '\0') {
        *id = strtoll(text, NULL, 10); /* the greatest, which no report has, for one that is too large */
        return true;
    }
    call_fail(call, API_INVALID_PARAM,
              "The report_id parameter must be a string representing a positive integer.");
    return false;
}

/* The event of a report; NULL when memory is gone. */
static json_t *event_of(const char *event_json)
{
    json_t *event = event_json ? json_loads(event_json, JSON_ALLOW_NUL, NULL) : NULL;

    if (json_is_object(event))
        return event;
    json_decref(event);
    return json_pack("{s:{}}", "content");
}

json_t *event_report_get(struct call *call)
{
    struct event_report report;
    const char *event_json;
    json_t *body;
    int64_t id;
    enum err e;

    if (!read_id(call, &id))
        return NULL;
    e = event_reports_find(call->app->db, id, call->arena, &report, &event_json);
    if (e)
        return call_fail_absent(call, e, "Event report not found");
    body = object_of(&report, call->arena);
    if (!body || json_object_set_new(body, "event_json", event_of(event_json)) == 0)
        return body;
    json_decref(body);
    return NULL;
}

json_t *event_report_delete(struct call *call)
{
    int64_t id;
    enum err e;

    if (!read_id(call, &id))
        return NULL;
    e = homeserver_delete_event_report(&call->homeserver, id);
    return e ? call_fail_absent(call, e, "Event report not found") : json_object();
}
