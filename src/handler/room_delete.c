/* SPDX-License-Identifier: ISC */
/* A room is deleted: by a job whose status can be asked for, or, in the first version, waited for. */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/job_status.h"
#include "homeserver/delete_room.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "matrix/id.h"

#define NAME_DEFAULT "Content Violation Notification"
#define MESSAGE_DEFAULT                                                                                      \
    "The room that you were in has been removed: its content is not allowed on this server."

#define BOOLEAN(member)                                                                                      \
    {                                                                                                        \
        .name = #member, .type = FIELD_BOOLEAN, .offset = offsetof(struct room_deletion, member),            \
        .invalid = {                                                                                         \
            API_BAD_JSON,                                                                                    \
            "Param '" #member "' must be a boolean, if given"                                                \
        }                                                                                                    \
    }
#define TEXT(member)                                                                                         \
    {                                                                                                        \
        .name = #member, .type = FIELD_STRING, .offset = offsetof(struct room_deletion, member)              \
    }
static const struct field fields[] = {
    BOOLEAN(block),         BOOLEAN(purge),  BOOLEAN(force_purge),
    TEXT(new_room_user_id), TEXT(room_name), TEXT(message),
};

/* Whether the new room, if there is to be one, can be that user's. False after the answer has become an
 * error. */
static bool check_owner(struct call *call, const char *user_id)
{
    const char *server_name = call->app->config->server_name;
    struct account account;
    struct user_id id;
    enum err e;

    if (!user_id)
        return true;
    if (!user_id_parse(user_id, &id) || strcmp(id.server_name, server_name) != 0) {
        call_fail(call, API_BAD_REQUEST, arena_printf(call->arena, "User must be our own: %s", user_id));
        return false;
    }
    e = accounts_find(call->app->db, id.localpart, server_name, call->arena, &account);
    if (e)
        call_fail_absent(call, e, "User not found");
    else if (account.deactivated)
        call_fail(call, API_USER_DEACTIVATED, NULL);
    else
        return true;
    return false;
}

/* Reads what is asked for. False after the answer has become an error. */
static bool read_wish(struct call *call, struct room_deletion *wish)
{
    json_t *object = call_legal_room_id(call, call->parameters[0]) ? call_json(call) : NULL;

    *wish = (struct room_deletion){.room_name = NAME_DEFAULT, .message = MESSAGE_DEFAULT, .purge = true};
    if (!object || !fields_decode(call, object, fields, sizeof fields / sizeof *fields, wish))
        return false;
    if (!*wish->room_name)
        wish->room_name = NAME_DEFAULT;
    if (!*wish->message)
        wish->message = MESSAGE_DEFAULT;
    return check_owner(call, wish->new_room_user_id);
}

/* Starts the job. False after the answer has become an error. */
static bool start(struct call *call, char id[JOBS_ID_SIZE])
{
    const char *room_id = call->parameters[0];
    struct room_deletion wish;
    enum err e;

    if (!read_wish(call, &wish))
        return false;
    e = delete_room_start(&call->homeserver, room_id, &wish, id);
    if (e == ERR_EXISTS)
        call_fail(call, API_BAD_REQUEST,
                  arena_printf(call->arena, "Purge already in progress for %s", room_id));
    else if (e)
        call_fail_err(call, e);
    return e == ERR_OK;
}

json_t *room_delete_v2(struct call *call)
{
    char id[JOBS_ID_SIZE];

    return start(call, id) ? json_pack("{s:s}", "delete_id", id) : NULL;
}

/* What is told of a job: without the members of a result until it has begun. */
static enum err describe(struct call *call, const struct job *job, json_t **status)
{
    const bool ended = job->status == JOB_CANCELLED;
    json_t *result = NULL;
    enum err e = job->started_ts ? delete_room_result(call->app->db, job, &result) : ERR_OK;

    *status = e ? NULL
                : json_pack("{s:s, s:s, s:s, s:o?, s:s*}", "delete_id", job->id, "room_id", job->target,
                            "status", job_status_name(ended ? JOB_FAILED : job->status), "shutdown_room",
                            result, "error", ended ? JOB_STATUS_ENDED : job->error);
    return e || *status ? e : ERR_NOMEM;
}

json_t *room_delete_v1(struct call *call)
{
    json_t *result = NULL;
    char id[JOBS_ID_SIZE];
    struct job job;
    enum err e;

    if (!start(call, id))
        return NULL;
    e = jobs_wait(&call->homeserver, id, call->arena, &job);
    if (e == ERR_INVALID)
        return call_fail(call, API_BAD_REQUEST, call->homeserver.reason);
    if (!e && !job_has_ended(&job))
        return call_fail(call, API_UNAVAILABLE,
                         arena_printf(call->arena, "The room is still being deleted, by job %s", id));
    if (!e && job.status == JOB_CANCELLED)
        return call_fail(call, API_UNAVAILABLE, arena_printf(call->arena, "Job %s was ended meanwhile", id));
    if (!e)
        e = delete_room_result(call->app->db, &job, &result);
    return e ? call_fail_err(call, e) : result;
}

/* The answer to who asks about a room; the oldest deletion comes first, the list has the newest first. */
struct telling {
    struct call *call;
    json_t *results;
};

static enum err tell(const struct job *job, void *context)
{
    struct telling *telling = context;
    json_t *status;
    enum err e = describe(telling->call, job, &status);

    if (!e && json_array_insert_new(telling->results, 0, status) < 0)
        e = ERR_NOMEM;
    return e;
}

/* For whoever asks about a room: where there is no runner, nobody else would go on with what is to be done.
 */
static enum err help(struct call *call, const char *room_id)
{
    struct job job;
    enum err e = ERR_NOT_FOUND;

    if (!call->request.head)
        e = jobs_find_open(call->app->db, JOB_DELETE_ROOM, room_id, call->arena, &job);
    if (!e)
        e = jobs_help(&call->homeserver, job.id);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

json_t *room_delete_status_get(struct call *call)
{
    const char *room_id = call->parameters[0];
    const struct job_filter filter = {.kind = JOB_DELETE_ROOM, .target = room_id, .limit = INT64_MAX};
    struct telling telling = {call, NULL};
    enum err e;

    if (!call_legal_room_id(call, room_id))
        return NULL;
    telling.results = json_array();
    e = telling.results ? help(call, room_id) : ERR_NOMEM;
    if (!e)
        e = jobs_list(call->app->db, &filter, tell, &telling);
    if (!e && json_array_size(telling.results) > 0)
        return json_pack("{s:o}", "results", telling.results);
    json_decref(telling.results);
    if (e)
        return call_fail_err(call, e);
    return call_fail(call, API_NOT_FOUND,
                     arena_printf(call->arena, "No delete task for room_id '%s' found", room_id));
}

json_t *delete_status_get(struct call *call)
{
    const char *id = call->parameters[0];
    json_t *status = NULL;
    struct job job;
    enum err e;

    if (!job_status_job(call, id, JOB_DELETE_ROOM, "delete", &job))
        return NULL;
    e = describe(call, &job, &status);
    return e ? call_fail_err(call, e) : status;
}
