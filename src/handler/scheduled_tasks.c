/* SPDX-License-Identifier: ISC */
/* The long acts as Synapse lists them. */
#include <string.h>

#include "handler/handlers.h"
#include "handler/parameters.h"
#include "homeserver/delete_room.h"
#include "homeserver/job_json.h"
#include "homeserver/job_kinds.h"
#include "matrix/field.h"

#define STATUSES "['scheduled', 'active', 'complete', 'failed', 'cancelled']"

/* What Synapse has a name of its own for; the other kinds keep ours. */
static const struct {
    const char *kind;
    const char *action;
} actions[] = {
    {JOB_DELETE_ROOM, "shutdown_and_purge_room"},
    {JOB_PURGE_HISTORY, "purge_history"},
    {JOB_REDACT_USER, "redact_all_events"},
};
#define ACTIONS (sizeof actions / sizeof *actions)

static const char *action_of(const char *kind)
{
    for (size_t i = 0; i < ACTIONS; i++)
        if (strcmp(actions[i].kind, kind) == 0)
            return actions[i].action;
    return kind;
}

static const char *kind_of(const char *action)
{
    for (size_t i = 0; i < ACTIONS; i++)
        if (strcmp(actions[i].action, action) == 0)
            return actions[i].kind;
    return action;
}

/* What is asked for, and the answer to it. */
struct wish {
    struct call *call;
    const char *resource_id; /* NULL: any */
    json_t *tasks;
};

/* The room or the user that a job is about; NULL: neither. Lives in the arena or in `whole`. */
static const char *resource_of(struct call *call, const struct job *job, const json_t *whole)
{
    const char *room_id = field_string(json_object_get(whole, "parameters"), "room_id");

    if (room_id)
        return room_id;
    if (strcmp(job->kind, JOB_DEACTIVATE) == 0)
        return arena_printf(call->arena, "@%s:%s", job->target, call->app->config->server_name);
    return *job->target == '!' || *job->target == '@' ? job->target : NULL;
}

/* What has come of a job; new. */
static enum err result_of(struct call *call, const struct job *job, const json_t *whole, json_t **result)
{
    if (strcmp(job->kind, JOB_DELETE_ROOM) == 0 && job->started_ts)
        return delete_room_result(call->app->db, job, result);
    *result = json_incref(json_object_get(whole, "result"));
    return ERR_OK;
}

/* Appends a task unless it is of another room or user. */
static enum err append(struct wish *wish, const struct job *job, const json_t *whole)
{
    const char *resource_id = resource_of(wish->call, job, whole);
    json_t *task, *result = NULL;
    enum err e;

    if (wish->resource_id && (!resource_id || strcmp(wish->resource_id, resource_id) != 0))
        return ERR_OK;
    e = result_of(wish->call, job, whole, &result);
    if (e)
        return e;
    task = json_pack("{s:s, s:s, s:s, s:I, s:s?, s:o, s:s?}", "id", job->id, "action", action_of(job->kind),
                     "status", job_status_name(job->status), "timestamp_ms", (json_int_t)job_changed_ts(job),
                     "resource_id", resource_id, "result", result, "error", job->error);
    return json_array_append_new(wish->tasks, task) < 0 ? ERR_NOMEM : ERR_OK;
}

static enum err add(const struct job *job, void *context)
{
    struct wish *wish = context;
    json_t *whole = NULL;
    enum err e = job_json_whole(wish->call->app->db, job, &whole);

    if (!e)
        e = append(wish, job, whole);
    json_decref(whole);
    return e;
}

/* A parameter; NULL where it is absent or empty. */
static const char *given(const struct call *call, const char *name)
{
    const char *value = query_get(&call->request.query, name);

    return value && *value ? value : NULL;
}

json_t *scheduled_tasks_get(struct call *call)
{
    const char *action = given(call, "action_name"), *status = given(call, "job_status");
    struct wish wish = {.call = call, .resource_id = given(call, "resource_id")};
    int64_t until_ts = INT64_MAX;
    enum job_status found;
    enum err e;

    if (!status)
        status = given(call, "status");
    if (status && !job_status_find(status, &found))
        return call_fail(call, API_INVALID_PARAM, "Query parameter 'job_status' must be one of " STATUSES);
    if (!parameter_integer(call, "max_timestamp", &until_ts))
        return NULL;
    wish.tasks = json_array();
    e = wish.tasks
            ? jobs_list_changed(call->app->db, status, action ? kind_of(action) : NULL, until_ts, add, &wish)
            : ERR_NOMEM;
    if (!e)
        return json_pack("{s:o}", "scheduled_tasks", wish.tasks);
    json_decref(wish.tasks);
    return call_fail_err(call, e);
}
