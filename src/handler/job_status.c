/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "handler/job_status.h"
#include "homeserver/jobs.h"

bool job_status_job(struct call *call, const char *id, const char *kind, const char *what, struct job *job)
{
    enum err e = call->request.head ? ERR_OK : jobs_help(&call->homeserver, id);

    if (!e)
        e = jobs_find(call->app->db, id, call->arena, job);
    if (!e && strcmp(job->kind, kind) == 0)
        return true;
    if (!e || e == ERR_NOT_FOUND)
        call_fail(call, API_NOT_FOUND, arena_printf(call->arena, "%s id '%s' not found", what, id));
    else
        call_fail_err(call, e);
    return false;
}

json_t *job_status_answer(const struct job *job, const char *scheduled)
{
    switch (job->status) {
    case JOB_SCHEDULED:
        return json_pack("{s:s}", "status", scheduled);
    case JOB_FAILED:
        return json_pack("{s:s, s:s}", "status", "failed", "error",
                         job->error ? job->error : err_text(job->failure));
    case JOB_CANCELLED: /* a status that clients do not know */
        return json_pack("{s:s, s:s}", "status", "failed", "error", JOB_STATUS_ENDED);
    default:
        return json_pack("{s:s}", "status", job_status_name(job->status));
    }
}
