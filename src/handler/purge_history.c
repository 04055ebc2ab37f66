/* SPDX-License-Identifier: ISC */
/* Purging the history of a room up to an event or a time, as a job, and how that stands. */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/job_status.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"

#define NOTHING_TO_PURGE "there is no event to be purged"

struct body {
    bool delete_local_events;
    const char *event_id;
    struct field_integer ts;
};

static const struct field body_fields[] = {
    {.name = "delete_local_events",
     .type = FIELD_TRUTH,
     .offset = offsetof(struct body, delete_local_events)},
    {.name = "purge_up_to_event_id", .type = FIELD_STRING, .offset = offsetof(struct body, event_id)},
    {.name = "purge_up_to_ts",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct body, ts),
     .null = NULL_IS_INVALID,
     .invalid = {API_BAD_JSON, "purge_up_to_ts must be an int"},
     .range = {API_NOT_FOUND, NOTHING_TO_PURGE}},
};
enum { FIELD_TS = 2 }; /* which is looked at only where no event is given */

/* False after the answer has become an error. The path's event comes first. */
static bool read_body(struct call *call, struct body *body)
{
    json_t *object = call->body_size > 0 ? call_json(call) : NULL;

    if (call->body_size > 0 && (!object || !fields_decode(call, object, body_fields, FIELD_TS, body)))
        return false;
    if (call->parameters[1])
        body->event_id = call->parameters[1];
    if (!body->event_id && object && !fields_decode(call, object, &body_fields[FIELD_TS], 1, body))
        return false;
    if (body->event_id || body->ts.state == INTEGER_GIVEN)
        return true;
    call_fail(call, API_BAD_JSON, "must specify purge_up_to_event_id or purge_up_to_ts");
    return false;
}

/* The event before which all is to go. False after the answer has become an error. */
static bool find_point(struct call *call, const struct body *body, struct history_point *point)
{
    const char *room_id = call->parameters[0];
    struct db *db = call->app->db;
    enum err e = body->event_id ? history_find(db, body->event_id, call->arena, point)
                                : history_find_before(db, room_id, body->ts.value, call->arena, point);

    if (e == ERR_NOT_FOUND && body->event_id)
        call_fail(call, API_NOT_FOUND, arena_printf(call->arena, "Could not find event %s", body->event_id));
    else if (e == ERR_NOT_FOUND)
        call_fail(call, API_NOT_FOUND, NOTHING_TO_PURGE);
    else if (e)
        call_fail_err(call, e);
    else if (strcmp(point->room_id, room_id) != 0)
        call_fail(call, API_BAD_REQUEST, "Event is for wrong room.");
    else
        return true;
    return false;
}

json_t *purge_history_post(struct call *call)
{
    struct history_point point;
    struct body body = {0};
    char id[JOBS_ID_SIZE];
    enum err e = jobs_can_purge_history(&call->homeserver);

    if (e)
        return call_fail_err(call, e);
    if (!read_body(call, &body) || !find_point(call, &body, &point))
        return NULL;
    e = jobs_purge_history(&call->homeserver, &point, body.delete_local_events, id);
    return e ? call_fail_err(call, e) : json_pack("{s:s}", "purge_id", id);
}

/* Whoever polls goes on as long as it is "active". */
json_t *purge_history_status_get(struct call *call)
{
    struct job job;
    enum err e = jobs_can_purge_history(&call->homeserver);

    if (e)
        return call_fail_err(call, e);
    if (!job_status_job(call, call->parameters[0], JOB_PURGE_HISTORY, "purge", &job))
        return NULL;
    return job_status_answer(&job, job_status_name(JOB_ACTIVE));
}
