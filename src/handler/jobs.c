/* SPDX-License-Identifier: ISC */
/* The long acts: which there are, how far they have come, and an end to one. */
#include "handler/handlers.h"
#include "handler/page.h"
#include "handler/parameters.h"
#include "homeserver/job_json.h"
#include "homeserver/jobs.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000 /* a higher one is taken for this */
#define STATUSES      "['scheduled', 'active', 'complete', 'failed', 'cancelled']"

/* A filter that is empty is none. */
static const char *filter_of(const struct call *call, const char *name)
{
    const char *value = query_get(&call->request.query, name);

    return value && *value ? value : NULL;
}

/* False after the answer has become what is wrong with a parameter. */
static bool read_filter(struct call *call, struct job_filter *filter)
{
    enum job_status status;

    *filter = (struct job_filter){
        .status = filter_of(call, "status"),
        .kind = filter_of(call, "kind"),
        .target = filter_of(call, "target"),
        .limit = LIMIT_DEFAULT,
    };
    if (filter->status && !job_status_find(filter->status, &status)) {
        call_fail(call, API_INVALID_PARAM, "Query parameter 'status' must be one of " STATUSES);
        return false;
    }
    if (!parameter_integer(call, "from", &filter->from) || !parameter_integer(call, "limit", &filter->limit))
        return false;
    if (filter->limit > LIMIT_MAX)
        filter->limit = LIMIT_MAX;
    return true;
}

static enum err add(const struct job *job, void *context)
{
    return json_array_append_new(context, job_json(job)) < 0 ? ERR_NOMEM : ERR_OK;
}

json_t *jobs_get(struct call *call)
{
    struct job_filter filter;
    int64_t total = 0;
    json_t *jobs;
    enum err e;

    if (!read_filter(call, &filter))
        return NULL;
    jobs = json_array();
    e = jobs ? jobs_count(call->app->db, &filter, &total) : ERR_NOMEM;
    if (!e)
        e = jobs_list(call->app->db, &filter, add, jobs);
    if (e) {
        json_decref(jobs);
        return call_fail_err(call, e);
    }
    /* Who asks for none wants to know how many there are: no page follows. */
    return page_answer("jobs", jobs, filter.from, filter.limit > 0 ? filter.limit : total, total);
}

json_t *job_get(struct call *call)
{
    json_t *answer = NULL;
    struct job job;
    enum err e = jobs_find(call->app->db, call->parameters[0], call->arena, &job);

    if (!e)
        e = job_json_whole(call->app->db, &job, &answer);
    return e ? call_fail_absent(call, e, "Job not found") : answer;
}

json_t *job_delete(struct call *call)
{
    enum err e = jobs_stop(&call->homeserver, call->parameters[0]);

    if (e == ERR_INVALID)
        return call_fail(call, API_BAD_REQUEST, "This job has ended already");
    if (e && e != ERR_NOT_FOUND)
        return call_fail_err(call, e);
    return job_get(call);
}
