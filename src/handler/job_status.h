/* SPDX-License-Identifier: ISC */
/* What Synapse's API says of a long act: where it stands, in words that clients wait for. */
#ifndef HANDLER_JOB_STATUS_H
#define HANDLER_JOB_STATUS_H

#include "handler/call.h"
#include "store/jobs.h"

/* What clients that know no such status are told of a job that has failed because somebody ended it. */
#define JOB_STATUS_ENDED "An administrator has ended it"

/*
 * Finds the job `id` of a kind, having done some of it if nobody else does. False after the answer has become
 * an error: 404 M_NOT_FOUND "redact id 'x' not found" for a `what` of "redact".
 */
MUST_CHECK bool job_status_job(struct call *call, const char *id, const char *kind, const char *what,
                               struct job *job);

/*
 * {"status", "error"}: "scheduled", "active", "complete" or "failed", the error only with the last. Who has
 * no word for a job that waits gives another for `scheduled`. NULL when memory is gone.
 */
json_t *job_status_answer(const struct job *job, const char *scheduled);

#endif
