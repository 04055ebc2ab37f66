/* SPDX-License-Identifier: ISC */
#include "homeserver/job_json.h"

static json_t *time_json(int64_t ts)
{
    return ts ? json_integer(ts) : json_null();
}

/* The object of a text that we have written; null for none. */
static json_t *object_json(const char *text)
{
    return text ? json_loads(text, 0, NULL) : json_null();
}

json_t *job_json(const struct job *job)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:s?, s:o, s:I, s:I, s:o, s:s?, s:I, s:I, s:o, s:o, s:o, s:o}", "id",
        job->id, "kind", job->kind, "target", job->target, "status", job_status_name(job->status),
        "cancelling", job->cancelling && !job_has_ended(job), "actor", job->actor, "parameters",
        object_json(job->parameters), "done", (json_int_t)job->done, "total", (json_int_t)job->total,
        "result", object_json(job->result), "error", job->error, "attempts", (json_int_t)job->attempts,
        "created_ts", (json_int_t)job->created_ts, "due_ts", time_json(job->due_ts), "started_ts",
        time_json(job->started_ts), "heartbeat_ts", time_json(job->heartbeat_ts), "finished_ts",
        time_json(job->finished_ts));
}

static enum err add_item(const struct job_item *item, void *context)
{
    json_t *result = context;
    json_t *list = json_object_get(result, item->outcome);
    int failed = 0;

    if (!list) {
        list = item->detail ? json_object() : json_array();
        failed = json_object_set_new(result, item->outcome, list);
    }
    if (!failed && json_is_object(list))
        failed = json_object_set_new(list, item->item, json_string(item->detail ? item->detail : ""));
    else if (!failed)
        failed = json_array_append_new(list, json_string(item->item));
    return failed ? ERR_NOMEM : ERR_OK;
}

enum err job_json_whole(struct db *db, const struct job *job, json_t **json)
{
    json_t *items = json_object(), *result;
    enum err e = ERR_NOMEM;

    *json = items ? job_json(job) : NULL;
    if (*json)
        e = job_items_list(db, job->id, add_item, items);
    if (!e && json_object_size(items) > 0) {
        result = json_object_get(*json, "result");
        if (json_is_object(result) ? json_object_update(result, items) < 0
                                   : json_object_set(*json, "result", items) < 0)
            e = ERR_NOMEM;
    }
    json_decref(items);
    if (e) {
        json_decref(*json);
        *json = NULL;
    }
    return e;
}
