/* SPDX-License-Identifier: ISC */
/* What a runner and a request that does a job itself have in common; others include homeserver/jobs.h. */
#ifndef HOMESERVER_JOB_WORK_H
#define HOMESERVER_JOB_WORK_H

#include "homeserver/homeserver.h"
#include "store/jobs.h"
#include "store/presence.h"

/* Takes over what processes that died had claimed. */
MUST_CHECK enum err job_work_take_over(struct homeserver *hs, struct arena *arena);

/* The same, having become one of those who do jobs, until presence_leave(). */
MUST_CHECK enum err job_work_enter(struct homeserver *hs, enum presence_role role, struct arena *arena);

/* Does one batch of a job that this process has claimed, and gives it back as it stands then. Errors are of
 * the database; the job's own is in the job. */
MUST_CHECK enum err job_work_batch(struct homeserver *hs, struct job *job, struct arena *arena);

#endif
