/* SPDX-License-Identifier: ISC */
/*
 * mxadmin_jobs and mxadmin_job_items: long acts, which are done in batches, and outlive every process. A job
 * is claimed for one batch by a holder, a number of store/presence.h, and given back after it; in between
 * anybody may go on with it. All times are Unix milliseconds, 0 where there is none yet. The caller owns the
 * transaction; a function that changes something runs inside one.
 */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

#define JOBS_ID_SIZE     17                              /* 16 characters, and the NUL */
#define JOBS_LIFETIME_MS ((int64_t)7 * 24 * 3600 * 1000) /* of a job that has ended */

enum job_status {
    JOB_SCHEDULED, /* not begun, or to be tried again later */
    JOB_ACTIVE,
    JOB_COMPLETE,
    JOB_FAILED,
    JOB_CANCELLED,
    JOB_STATUS__MAX
};

/* "scheduled", "active", …; false: there is no status of this name. */
const char *job_status_name(enum job_status status);
bool job_status_find(const char *name, enum job_status *status);

/* A job as it stands. */
struct job {
    const char *id;
    const char *kind;
    const char *target;     /* what it acts on; "": the kind has but one */
    const char *parameters; /* a JSON object, in which there is no secret */
    const char *actor;      /* the user ID of who asked for it; NULL: nobody did */
    enum job_status status;
    bool cancelling;     /* ends when the batch that is running does */
    int64_t done, total; /* how far it has come, in units of its kind; a total of 0 is not known */
    const char *cursor;  /* where it goes on, in its kind's own form; "" at its beginning */
    const char *result;  /* a JSON object; NULL: none */
    enum err failure;    /* why it failed, or has to be tried again */
    const char *error;   /* the same in a sentence; NULL: it went well */
    int64_t attempts;    /* that failed in a row */
    int64_t created_ts;
    int64_t due_ts; /* it does not begin, or is not tried again, before this; 0: at once */
    int64_t started_ts;
    int64_t heartbeat_ts; /* when its last batch began or ended */
    int64_t finished_ts;
};

/* Whether it is over, one way or another. */
bool job_has_ended(const struct job *job);

/*
 * Adds a job of `new`'s kind, target, parameters and actor, which begins at new->due_ts. `id` becomes its id;
 * ERR_EXISTS: there is one of this kind for this target that has not ended, and `id` is that one's, which is
 * now due at new->due_ts at the latest.
 */
MUST_CHECK enum err jobs_insert(struct db *db, const struct job *new, int64_t now_ms, char id[JOBS_ID_SIZE]);

/* Finds a job; texts live in `arena`. ERR_NOT_FOUND. */
MUST_CHECK enum err jobs_find(struct db *db, const char *id, struct arena *arena, struct job *job);

/* Finds the one of this kind for this target that has not ended. ERR_NOT_FOUND. */
MUST_CHECK enum err jobs_find_open(struct db *db, const char *kind, const char *target, struct arena *arena,
                                   struct job *job);

/* How many jobs of any kind there are for this target that have not ended. */
MUST_CHECK enum err jobs_count_open(struct db *db, const char *target, int64_t *count);

/* Which jobs are asked for; NULL or false: all. */
struct job_filter {
    const char *status; /* a name of job_status_name() */
    const char *kind;
    const char *target;
    int64_t from, limit; /* of those that are left, the newest first */
};

/* Calls `each` for every job of the filter, newest first, and stops at its first error; their number, without
 * `from` and `limit`. */
MUST_CHECK enum err jobs_list(struct db *db, const struct job_filter *filter,
                              enum err (*each)(const struct job *job, void *context), void *context);
MUST_CHECK enum err jobs_count(struct db *db, const struct job_filter *filter, int64_t *count);

/* When a job began to be what its status says: it was asked for, began or ended. */
int64_t job_changed_ts(const struct job *job);

/* Calls `each` for the jobs of this status and kind (NULL: all) that have changed by `until_ts`, whatever
 * changed first first, and stops at its first error. */
MUST_CHECK enum err jobs_list_changed(struct db *db, const char *status, const char *kind, int64_t until_ts,
                                      enum err (*each)(const struct job *job, void *context), void *context);

/*
 * Claims the job whose turn it is among those that are due, or the job `id`, for one batch. Jobs take turns;
 * with `new_first` those that have not begun come before the others. ERR_NOT_FOUND: there is none, or it is
 * not due, has ended, or is claimed.
 */
MUST_CHECK enum err jobs_claim_next(struct db *db, int64_t holder, bool new_first, int64_t now_ms,
                                    struct arena *arena, struct job *job);
MUST_CHECK enum err jobs_claim(struct db *db, const char *id, int64_t holder, int64_t now_ms,
                               struct arena *arena, struct job *job);

/*
 * Writes down how far a claimed job has come (status, done, total, cursor, result, failure, error, attempts,
 * due_ts), and gives it back. A job that has become cancelling meanwhile ends as cancelled, unless it has
 * ended; job->status says so then. ERR_NOT_FOUND: it was not claimed by `holder`.
 */
MUST_CHECK enum err jobs_give_back(struct db *db, struct job *job, int64_t holder, int64_t now_ms);

/*
 * Asks a job to end: at once, or, where it is claimed, after the batch that is running. Again is fine.
 * ERR_NOT_FOUND; ERR_INVALID: it has ended otherwise.
 */
MUST_CHECK enum err jobs_cancel(struct db *db, const char *id, int64_t now_ms);

/* Who has claims, and how many there are that have; they live in `arena`. */
MUST_CHECK enum err jobs_holders(struct db *db, struct arena *arena, int64_t **holders, size_t *count);

/* Gives back all that a holder that is gone had claimed; its `*count` is how many that were. */
MUST_CHECK enum err jobs_disown(struct db *db, int64_t holder, int64_t now_ms, int64_t *count);

/* When the next job that nobody has claimed is due. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err jobs_next_due(struct db *db, int64_t *due_ts);

/* The job that ended first, more than JOBS_LIFETIME_MS ago; its id lives in `arena`. ERR_NOT_FOUND: there is
 * none. */
MUST_CHECK enum err jobs_expired(struct db *db, int64_t now_ms, struct arena *arena, const char **id);

/* Forgets a job that has not begun; one that has stays. */
MUST_CHECK enum err jobs_forget_new(struct db *db, const char *id);

/* Whether there was one of this kind for this target, due at `due_ts`, that somebody has ended. */
MUST_CHECK enum err jobs_was_cancelled(struct db *db, const char *kind, const char *target, int64_t due_ts,
                                       bool *cancelled);

/* Forgets a job and its items. */
MUST_CHECK enum err jobs_forget(struct db *db, const char *id);

/*
 * The items of a job: what it acts on one by one, in the order in which they were added, and what has become
 * of each: the name of the list of the result that it belongs to.
 */
struct job_item {
    int64_t position;
    const char *item;
    const char *outcome; /* NULL: it waits for its turn */
    const char *detail;  /* why; NULL: there is nothing to say */
};

/* Adds an item at the end, unless it is there. */
MUST_CHECK enum err job_items_add(struct db *db, const char *job_id, const char *item);

/* The position of the last; 0: there is none. */
MUST_CHECK enum err job_items_last(struct db *db, const char *job_id, int64_t *position);

/* Adds an item; one that is there with this outcome waits for its turn again. */
MUST_CHECK enum err job_items_add_again(struct db *db, const char *job_id, const char *item,
                                        const char *outcome);

/* The first items that wait for their turn, at most `max`; they live in `arena`. */
MUST_CHECK enum err job_items_waiting(struct db *db, const char *job_id, size_t max, struct arena *arena,
                                      struct job_item **items, size_t *count);

/* Writes down what has become of an item. */
MUST_CHECK enum err job_items_settle(struct db *db, const char *job_id, const struct job_item *item);

/* Calls `each` for every item that has an outcome, in order; stops at its first error and returns it. */
MUST_CHECK enum err job_items_list(struct db *db, const char *job_id,
                                   enum err (*each)(const struct job_item *item, void *context),
                                   void *context);

/* Calls `each` with every outcome that items have, a borrowed text, and how many have it. */
MUST_CHECK enum err job_items_tally(struct db *db, const char *job_id,
                                    enum err (*each)(const char *outcome, int64_t count, void *context),
                                    void *context);

#endif
