/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "homeserver/job_kinds.h"

static enum err step_deactivate(struct homeserver *hs, struct job *job, struct arena *arena)
{
    enum err e = homeserver_deactivate(hs, job->target);

    (void)arena;
    job->total = 1;
    if (!e) {
        job->done = 1;
        job->status = JOB_COMPLETE;
    }
    return e;
}

static enum err step_merge_extremities(struct homeserver *hs, struct job *job, struct arena *arena)
{
    struct extremity_merge merge = {0};
    enum err e = homeserver_merge_extremities(hs, job->target, &merge, arena);

    if (e)
        return e;
    if (!*job->cursor)
        job->total = merge.before - 1;
    job->cursor = "begun";
    if (merge.left - 1 > job->total) /* others have sent meanwhile */
        job->total = merge.left - 1;
    job->done = job->total - (merge.left - 1);
    if (merge.left <= 1)
        job->status = JOB_COMPLETE;
    return ERR_OK;
}

static const struct job_kind kinds[] = {
    {JOB_EVACUATE_ROOM, job_evacuate_room},
    {JOB_DEACTIVATE, step_deactivate},
    {JOB_MERGE_EXTREMITIES, step_merge_extremities},
    {JOB_END_SESSION, job_end_session},
    {JOB_PURGE_MEDIA, job_purge_media},
    {JOB_POLICY, job_policy},
    {JOB_REDACT_USER, job_redact_user},
    {JOB_PURGE_HISTORY, job_purge_history},
    {JOB_KEEP_OUT, job_keep_out},
    {JOB_DELETE_ROOM, job_delete_room},
};

const struct job_kind *job_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    return NULL;
}
