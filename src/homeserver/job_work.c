/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/log.h"
#include "homeserver/job_kinds.h"
#include "homeserver/job_work.h"
#include "homeserver/jobs.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LAST_MS  300000
#define PAUSE_MAX_MS     60000 /* what is due then may be due sooner: a clock is set now and then */

/* Errors that pass, and after how many in a row a job fails all the same; 0: never. All others fail it. */
static const struct {
    enum err err;
    int64_t attempts;
} passing[] = {
    {ERR_UNREACHABLE, 0}, {ERR_BUSY, 0}, {ERR_LIMITED, 0}, {ERR_FULL, 0}, {ERR_NOMEM, 0}, {ERR_GATEWAY, 5},
};

static bool is_passing(enum err e, int64_t attempts)
{
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (passing[i].err == e)
            return passing[i].attempts == 0 || attempts < passing[i].attempts;
    return false;
}

static int64_t backoff_ms(int64_t attempts)
{
    int64_t delay = BACKOFF_FIRST_MS;

    while (--attempts > 0 && delay < BACKOFF_LAST_MS)
        delay *= 2;
    return delay < BACKOFF_LAST_MS ? delay : BACKOFF_LAST_MS;
}

/* What becomes of a job after a batch that ended with `e`. */
static void judge(struct job *job, enum err e, const struct homeserver *hs, struct arena *arena)
{
    const char *error = hs->reason ? arena_strdup(arena, hs->reason) : NULL;
    int64_t wait_ms = backoff_ms(job->attempts + 1);

    job->failure = e;
    job->error = !e ? NULL : error ? error : err_text(e);
    job->attempts = e ? job->attempts + 1 : 0;
    if (!e)
        return;
    job->status = is_passing(e, job->attempts) ? JOB_SCHEDULED : JOB_FAILED;
    if (job->status == JOB_SCHEDULED)
        job->due_ts = clock_now_ms() + (hs->retry_after_ms > wait_ms ? hs->retry_after_ms : wait_ms);
}

static void log_job(const struct job *job)
{
    bool ended = job_has_ended(job);

    if (job->error)
        log_warning("job %s (%s %s) %s: %s", job->id, job->kind, job->target,
                    ended ? "has failed" : "is tried again later", job->error);
    else if (ended)
        log_info("job %s (%s %s) is %s", job->id, job->kind, job->target, job_status_name(job->status));
}

enum err job_work_batch(struct homeserver *hs, struct job *job, struct arena *arena)
{
    const struct job_kind *kind = job_kind_find(job->kind);
    struct homeserver inner = *hs;
    enum err e = ERR_UNSUPPORTED;

    inner.in_job = true;
    inner.retry_after_ms = 0;
    inner.reason = kind ? NULL : "this version of mxadmin knows no such job";
    if (kind)
        e = kind->step(&inner, job, arena);
    judge(job, e, &inner, arena);
    e = db_begin(hs->db, DB_NOTE);
    if (e)
        return e;
    e = db_end(hs->db, jobs_give_back(hs->db, job, presence_number(hs->presence), clock_now_ms()));
    if (!e)
        log_job(job);
    return e;
}

/* Gives back what a process had claimed, unless it is alive. */
static enum err take_over(struct homeserver *hs, int64_t holder)
{
    int64_t count = 0;
    bool held;
    enum err e = presence_hold(hs->presence, holder, &held);

    if (e || !held)
        return e;
    e = db_begin(hs->db, DB_NOTE);
    if (!e)
        e = db_end(hs->db, jobs_disown(hs->db, holder, clock_now_ms(), &count));
    presence_release(hs->presence, holder);
    if (!e && count > 0)
        log_warning("%lld jobs that were cut off are taken over", (long long)count);
    return e;
}

enum err job_work_take_over(struct homeserver *hs, struct arena *arena)
{
    int64_t *holders = NULL;
    size_t count = 0;
    enum err e = jobs_holders(hs->db, arena, &holders, &count);

    for (size_t i = 0; !e && i < count; i++)
        e = take_over(hs, holders[i]);
    return e;
}

/*
 * What was claimed under our own number is taken over as well: by whoever had the number before, or by us,
 * when it could not be given back.
 */
enum err job_work_enter(struct homeserver *hs, enum presence_role role, struct arena *arena)
{
    enum err e = presence_enter(hs->presence, role);

    return e ? e : job_work_take_over(hs, arena);
}

/* Forgets a job that ended long ago, if there is one. */
static enum err sweep(struct homeserver *hs, struct arena *arena, bool *swept)
{
    const char *id;
    enum err e = jobs_expired(hs->db, clock_now_ms(), arena, &id);

    *swept = !e;
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = db_begin(hs->db, DB_NOTE);
    return e ? e : db_end(hs->db, jobs_forget(hs->db, id));
}

/* How long nothing is due. */
static enum err find_pause(struct homeserver *hs, int64_t *pause_ms)
{
    int64_t due_ts = INT64_MAX;
    enum err e = jobs_next_due(hs->db, &due_ts);
    int64_t now = clock_now_ms();

    *pause_ms = due_ts <= now ? 0 : due_ts - now < PAUSE_MAX_MS ? due_ts - now : PAUSE_MAX_MS;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err claim_next(struct homeserver *hs, bool new_first, struct arena *arena, struct job *job)
{
    enum err e = db_begin(hs->db, DB_NOTE);

    if (e)
        return e;
    return db_end(hs->db, jobs_claim_next(hs->db, presence_number(hs->presence), new_first, clock_now_ms(),
                                          arena, job));
}

static enum err turn(struct homeserver *hs, bool new_first, struct arena *arena, int64_t *pause_ms)
{
    struct job job;
    bool swept = false;
    enum err e = job_work_enter(hs, PRESENCE_RUNNER, arena);

    *pause_ms = 0;
    if (!e)
        e = find_pause(hs, pause_ms);
    if (!e && *pause_ms == 0) {
        e = claim_next(hs, new_first, arena, &job);
        return e == ERR_NOT_FOUND ? ERR_OK : e ? e : job_work_batch(hs, &job, arena);
    }
    if (!e)
        e = sweep(hs, arena, &swept);
    if (swept)
        *pause_ms = 0;
    return e;
}

enum err jobs_turn(struct homeserver *hs, bool new_first, int64_t *pause_ms)
{
    struct arena *arena = arena_new();
    enum err e = arena ? turn(hs, new_first, arena, pause_ms) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}
