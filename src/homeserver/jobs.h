/* SPDX-License-Identifier: ISC */
/*
 * Long acts as jobs: whoever starts one may wait for it, and it is finished by the job runner, or by a
 * request that waits, whatever dies meanwhile. A step does one bounded batch through the acts, in either
 * mode. No transaction is open when these functions are called.
 */
#ifndef HOMESERVER_JOBS_H
#define HOMESERVER_JOBS_H

#include <jansson.h>

#include "homeserver/homeserver.h"
#include "store/history.h"
#include "store/jobs.h"

/* A job to be started. */
struct job_request {
    const char *kind;       /* one of the table of kinds */
    const char *target;     /* "": the kind has but one */
    const char *parameters; /* a JSON object, in which there is no secret; NULL: {} */
    int64_t due_ts;         /* not to begin before; 0: at once */
    bool alone;             /* one that there is already is not hurried */
};

/*
 * Starts a job in the name of hs->actor, and wakes the runner. ERR_EXISTS: there is one of this kind for this
 * target that has not ended; `id` is that one's then.
 */
MUST_CHECK enum err jobs_start(struct homeserver *hs, const struct job_request *request,
                               char id[JOBS_ID_SIZE]);

/*
 * Waits until the job has ended, for the configured `homeserver.wait` at most; `*job` is how it stands then,
 * with texts in `arena`. Where there is no runner, what is waited for is done here, as far as it goes. Errors
 * are those that the job failed with, or has to be tried again after, with hs->reason; a job that is
 * cancelled is no error. ERR_NOT_FOUND also: there is no such job.
 */
MUST_CHECK enum err jobs_wait(struct homeserver *hs, const char *id, struct arena *arena, struct job *job);

/* The same, for `wait_ms` at most. */
MUST_CHECK enum err jobs_wait_ms(struct homeserver *hs, const char *id, int64_t wait_ms, struct arena *arena,
                                 struct job *job);

/*
 * Starts a job that is done here and now, with hs->actor as who acts; if this process dies, or the homeserver
 * does not answer, the runner finishes it. Where there is one already, waits for that as above.
 */
MUST_CHECK enum err jobs_run(struct homeserver *hs, const struct job_request *request, struct arena *arena,
                             struct job *job);

/*
 * For whoever asks how a job stands: where there is no runner, does some of it, or nobody would. It is told
 * the audit as that of who began it. Errors are of the database; that there is no such job is none.
 */
MUST_CHECK enum err jobs_help(struct homeserver *hs, const char *id);

/* The items of a job that belong to the list `outcome` of its result; they live in `arena`. */
MUST_CHECK enum err jobs_items(struct homeserver *hs, const char *id, const char *outcome,
                               struct arena *arena, struct id_list *list);

/* Asks a job to end. Errors as jobs_cancel(). */
MUST_CHECK enum err jobs_stop(struct homeserver *hs, const char *id);

/*
 * An act as a job, for a homeserver whose members leave one by one: all local users leave the room, in the
 * order of their joins. As the act evacuate_room; affected->job_id names the job when it has not ended in
 * time.
 */
MUST_CHECK enum err jobs_evacuate_room(struct homeserver *hs, const char *room_id, bool dry_run,
                                       struct arena *arena, struct id_list *affected);

/* What a user has sent, to be redacted. Everything is borrowed. */
struct redact_user {
    const char *user_id; /* of any server */
    json_t *rooms;       /* room IDs; an empty array: all that the user is joined to, or banned from */
    const char *reason;  /* NULL: none is given */
    int64_t limit;       /* events of each room that are looked at, the newest first */
    bool use_admin;      /* hs->actor redacts, and not the user */
    int64_t before_ts;   /* milliseconds; 0: whenever they were sent */
    int64_t after_ts;
};
#define REDACT_USER_LIMIT  1000                /* where none is given */
#define REDACT_USER_FAILED "failed_redactions" /* the list of what could not be redacted, and why */

/*
 * Starts a job that redacts joins, messages and encrypted messages of a user, in the name of the user; what
 * the user cannot redact any more, having left, is redacted by hs->actor or by a local member who may. Errors
 * as jobs_start().
 */
MUST_CHECK enum err jobs_redact_user(struct homeserver *hs, const struct redact_user *redact,
                                     char id[JOBS_ID_SIZE]);

/*
 * Starts a job that removes the events of a room before a point of its history, as the act purge_history.
 * Several of one room can be under way; the same one again is that which there is. ERR_UNSUPPORTED, with
 * hs->reason: the homeserver is another one, which cannot do that.
 */
MUST_CHECK enum err jobs_purge_history(struct homeserver *hs, const struct history_point *before,
                                       bool local_too, char id[JOBS_ID_SIZE]);

/* Whether there can be such jobs at all: ERR_UNSUPPORTED as above. */
MUST_CHECK enum err jobs_can_purge_history(struct homeserver *hs);

/*
 * The act `deactivate` as a job that is done here. Its step calls the act again, with hs->in_job set; that
 * one does the work. ERR_BUSY: it is not done in time and goes on, or somebody has ended it.
 */
MUST_CHECK enum err jobs_deactivate(struct homeserver *hs, const char *localpart);

/* The side of the runner. */

/*
 * Takes over what processes that died had claimed, and does one batch of the job whose turn it is, or forgets
 * one that ended long ago; `new_first`, which alternates, lets one that has not begun come before the others.
 * `*pause_ms` is how long there is nothing to do after that unless the bell of hs->presence rings; 0: there
 * may be more. Errors are of the database, not of the job.
 */
MUST_CHECK enum err jobs_turn(struct homeserver *hs, bool new_first, int64_t *pause_ms);

#endif
