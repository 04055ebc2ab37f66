/* SPDX-License-Identifier: ISC */
/* Redacting what a user has sent, as a job, and how that stands. */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/job_status.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"

struct body {
    json_t *rooms;
    const char *reason;
    bool use_admin;
    struct field_integer limit, before_ts, after_ts;
};

#define INTEGER(key)                                                                                         \
    {                                                                                                        \
        .name = #key, .type = FIELD_INTEGER, .offset = offsetof(struct body, key)                            \
    }
static const struct field body_fields[] = {
    {.name = "rooms",
     .type = FIELD_ARRAY,
     .offset = offsetof(struct body, rooms),
     .null = NULL_IS_INVALID,
     .required = true},
    {.name = "reason", .type = FIELD_STRING, .offset = offsetof(struct body, reason)},
    {.name = "use_admin", .type = FIELD_BOOLEAN, .offset = offsetof(struct body, use_admin)},
    {.name = "limit",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct body, limit),
     .range = {API_BAD_REQUEST, "If limit is provided it must be a non-negative integer greater than 0."}},
    INTEGER(before_ts),
    INTEGER(after_ts),
};

/* False after the answer has become what is wrong with the list. */
static bool check_rooms(struct call *call, const json_t *rooms)
{
    for (size_t i = 0; i < json_array_size(rooms); i++) {
        const json_t *room = json_array_get(rooms, i);

        if (!json_is_string(room) || strlen(json_string_value(room)) != json_string_length(room)) {
            call_fail(call, API_BAD_JSON, "'rooms' must be a list of strings");
            return false;
        }
    }
    return true;
}

json_t *user_redact_post(struct call *call)
{
    const char *user_id = call->parameters[0];
    json_t *object = call_user_id(call, user_id) ? call_json(call) : NULL;
    struct body body = {0};
    struct redact_user redact;
    char id[JOBS_ID_SIZE];
    enum err e;

    if (!object ||
        !fields_decode(call, object, body_fields, sizeof body_fields / sizeof *body_fields, &body) ||
        !check_rooms(call, body.rooms))
        return NULL;
    redact = (struct redact_user){
        .user_id = user_id,
        .rooms = body.rooms,
        .reason = body.reason && *body.reason ? body.reason : NULL,
        .limit = body.limit.value ? body.limit.value : REDACT_USER_LIMIT,
        .use_admin = body.use_admin,
        .before_ts = body.before_ts.value,
        .after_ts = body.after_ts.value,
    };
    e = jobs_redact_user(&call->homeserver, &redact, id);
    if (e == ERR_EXISTS)
        return call_fail(call, API_BAD_REQUEST,
                         arena_printf(call->arena, "Redact already in progress for user %s", user_id));
    return e ? call_fail_err(call, e) : json_pack("{s:s}", "redact_id", id);
}

static enum err add_failed(const struct job_item *item, void *context)
{
    if (strcmp(item->outcome, REDACT_USER_FAILED) != 0)
        return ERR_OK;
    return json_object_set_new(context, item->item, json_string(item->detail ? item->detail : "")) < 0
               ? ERR_NOMEM
               : ERR_OK;
}

json_t *user_redact_status_get(struct call *call)
{
    const char *id = call->parameters[0];
    json_t *answer, *failed;
    struct job job;
    enum err e;

    if (!job_status_job(call, id, JOB_REDACT_USER, "redact", &job))
        return NULL;
    answer = job_status_answer(&job, "scheduled");
    if (!answer || job.status != JOB_COMPLETE)
        return answer;
    failed = json_object();
    e = json_object_set_new(answer, "failed_redactions", failed) < 0
            ? ERR_NOMEM
            : job_items_list(call->app->db, id, add_failed, failed);
    if (!e)
        return answer;
    json_decref(answer);
    return call_fail_err(call, e);
}
