/* SPDX-License-Identifier: ISC */
/* The kinds of jobs there are. */
#ifndef HOMESERVER_JOB_KINDS_H
#define HOMESERVER_JOB_KINDS_H

#include "homeserver/homeserver.h"
#include "store/jobs.h"

/* About how long a step may take: other jobs have their turns after it, and a runner that is to end waits. */
#define JOB_BATCH_MS 250

/*
 * Does one batch, and says in job->done, total, cursor and result how far that came; texts live in `arena`.
 * With job->status JOB_COMPLETE it was the last one. It may be cut off anywhere, or its end not be noted:
 * done again from where it began it has the same effect. No transaction is open; hs->actor may be nobody, and
 * hs->in_job is set.
 */
typedef enum err job_step(struct homeserver *hs, struct job *job, struct arena *arena);

struct job_kind {
    const char *name;
    job_step *step;
};

/* NULL: there is no such kind. */
const struct job_kind *job_kind_find(const char *name);

/* Each in the file of its name. */
job_step job_evacuate_room;
job_step job_end_session; /* puppets.c */
job_step job_purge_media; /* media_purge.c */
job_step job_policy;      /* policies.c */
job_step job_redact_user;
job_step job_purge_history;
job_step job_keep_out;    /* blocks_look.c */
job_step job_delete_room; /* its requests: delete_room.h */

#define JOB_EVACUATE_ROOM     "evacuate_room"     /* the target is a room ID */
#define JOB_MERGE_EXTREMITIES "merge_extremities" /* the target is a room ID */
#define JOB_DEACTIVATE        "deactivate"        /* the target is a localpart */
#define JOB_END_SESSION       "end_session"       /* the target is a device id */
#define JOB_PURGE_MEDIA       "purge_media"       /* the target says which */
#define JOB_POLICY            "policy"            /* the target is the name of one */
#define JOB_REDACT_USER       "redact_user"       /* the target is a user ID */
#define JOB_PURGE_HISTORY     "purge_history"     /* the target is a room ID, and the point in its history */
#define JOB_KEEP_OUT          "keep_out"    /* the target is the event by which somebody came to a room */
#define JOB_DELETE_ROOM       "delete_room" /* the target is a room ID */

#endif
