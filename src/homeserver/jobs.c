/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "homeserver/audit.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "store/presence.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_LAST_MS  300000
#define WAIT_FIRST_MS    5 /* between two looks at a job that somebody else does */
#define WAIT_LAST_MS     50
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
    const char *separator = job->error ? ": " : "";

    if (job->error)
        log_warning("job %s (%s %s) %s%s%s", job->id, job->kind, job->target,
                    job_has_ended(job) ? job_status_name(job->status) : "is tried again later", separator,
                    job->error);
    else if (job_has_ended(job))
        log_info("job %s (%s %s) is %s", job->id, job->kind, job->target, job_status_name(job->status));
}

/* Does one batch of a job that this process has claimed, and gives it back. */
static enum err do_batch(struct homeserver *hs, struct job *job, struct arena *arena)
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

static enum err take_over_all(struct homeserver *hs, struct arena *arena)
{
    int64_t *holders = NULL;
    size_t count = 0;
    enum err e = jobs_holders(hs->db, arena, &holders, &count);

    for (size_t i = 0; !e && i < count; i++)
        e = take_over(hs, holders[i]);
    return e;
}

/*
 * Becomes one of those who do jobs. What was claimed under our own number is taken over as well: by whoever
 * had the number before, or by us, when it could not be given back.
 */
static enum err enter(struct homeserver *hs, enum presence_role role, struct arena *arena)
{
    enum err e = presence_enter(hs->presence, role);

    return e ? e : take_over_all(hs, arena);
}

/* Fills in what a request leaves out. */
static enum err complete(const struct homeserver *hs, const struct job_request *request, struct arena *arena,
                         struct job *job)
{
    *job = (struct job){
        .kind = request->kind,
        .target = request->target,
        .parameters = request->parameters ? request->parameters : "{}",
        .due_ts = request->due_ts,
    };
    if (!hs->actor)
        return ERR_OK;
    job->actor = arena_printf(arena, "@%s:%s", hs->actor->localpart, hs->config->server_name);
    return job->actor ? ERR_OK : ERR_NOMEM;
}

/* Adds the job; unless `claimed` is NULL, it is ours at once. */
static enum err add(struct homeserver *hs, const struct job_request *request, struct arena *arena,
                    char id[JOBS_ID_SIZE], struct job *claimed)
{
    struct job new;
    bool exists;
    enum err e = complete(hs, request, arena, &new);

    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    if (e)
        return e;
    e = jobs_insert(hs->db, &new, clock_now_ms(), id);
    exists = e == ERR_EXISTS;
    if (!e || exists) {
        audit_job(hs->audit, id);
        audit_unfinished(hs->audit);
    }
    if (!e && claimed)
        e = jobs_claim(hs->db, id, presence_number(hs->presence), clock_now_ms(), arena, claimed);
    e = db_end(hs->db, exists ? ERR_OK : e);
    return exists && !e ? ERR_EXISTS : e;
}

enum err jobs_start(struct homeserver *hs, const struct job_request *request, char id[JOBS_ID_SIZE])
{
    struct arena *arena = arena_new();
    enum err e = arena ? add(hs, request, arena, id, NULL) : ERR_NOMEM;

    arena_free(&arena);
    if (!e || e == ERR_EXISTS)
        presence_ring(hs->presence);
    return e;
}

/* Whether there is nothing more to wait for. */
static bool is_over(const struct job *job)
{
    return job_has_ended(job) || (job->status == JOB_SCHEDULED && job->failure);
}

/* Claims the job, if that is possible, and does it until the time is over. */
static enum err do_here(struct homeserver *hs, const char *id, int64_t end_ms, struct arena *arena)
{
    struct job job = {0};
    enum err e = enter(hs, PRESENCE_REQUEST, arena);

    while (!e && !is_over(&job) && clock_monotonic_ms() < end_ms) {
        e = db_begin(hs->db, DB_NOTE);
        if (!e)
            e = db_end(hs->db,
                       jobs_claim(hs->db, id, presence_number(hs->presence), clock_now_ms(), arena, &job));
        if (!e)
            e = do_batch(hs, &job, arena);
    }
    presence_leave(hs->presence);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static void nap(int *looks)
{
    long ms = *looks < WAIT_LAST_MS / WAIT_FIRST_MS ? WAIT_FIRST_MS * (*looks + 1) : WAIT_LAST_MS;
    const struct timespec pause = {.tv_nsec = ms * 1000000};

    ++*looks;
    nanosleep(&pause, NULL);
}

static enum err watch(struct homeserver *hs, const char *id, int64_t end_ms, struct arena *scratch)
{
    struct job job;
    bool runner = false;
    int looks = 0;
    enum err e;

    for (;;) {
        arena_reset(scratch);
        e = jobs_find(hs->db, id, scratch, &job);
        if (e || is_over(&job) || clock_monotonic_ms() >= end_ms)
            return e;
        e = presence_any_runner(hs->presence, &runner);
        if (!e && !runner)
            e = do_here(hs, id, end_ms, scratch);
        if (e)
            return e;
        nap(&looks);
    }
}

/* The error that whoever waited is told, and its reason. */
static enum err outcome(struct homeserver *hs, const struct job *job)
{
    if (!is_over(job) || !job->failure)
        return ERR_OK;
    if (job->status == JOB_SCHEDULED)
        homeserver_reason(hs, "Job %s is tried again later: %s", job->id, job->error);
    else if (job->error && strcmp(job->error, err_text(job->failure)) != 0)
        homeserver_reason(hs, "%s", job->error);
    return job->failure;
}

static enum err wait_until(struct homeserver *hs, const char *id, int64_t end_ms, struct arena *arena,
                           struct job *job)
{
    struct arena *scratch = arena_new();
    enum err e = scratch ? watch(hs, id, end_ms, scratch) : ERR_NOMEM;

    arena_free(&scratch);
    if (!e)
        e = jobs_find(hs->db, id, arena, job);
    return e ? e : outcome(hs, job);
}

static int64_t wait_end_ms(const struct homeserver *hs)
{
    return clock_monotonic_ms() + hs->config->homeserver.wait * 1000;
}

enum err jobs_wait(struct homeserver *hs, const char *id, struct arena *arena, struct job *job)
{
    return wait_until(hs, id, wait_end_ms(hs), arena, job);
}

enum err jobs_run(struct homeserver *hs, const struct job_request *request, struct arena *arena,
                  struct job *job)
{
    int64_t end_ms = wait_end_ms(hs);
    char id[JOBS_ID_SIZE] = "";
    enum err e = enter(hs, PRESENCE_REQUEST, arena);

    if (!e)
        e = add(hs, request, arena, id, job);
    if (!e)
        e = do_batch(hs, job, arena);
    presence_leave(hs->presence);
    if (e && e != ERR_EXISTS)
        return e;
    presence_ring(hs->presence);
    return wait_until(hs, id, end_ms, arena, job);
}

enum err jobs_deactivate(struct homeserver *hs, const char *localpart)
{
    const struct job_request request = {.kind = JOB_DEACTIVATE, .target = localpart};
    struct arena *arena = arena_new();
    struct job job;
    enum err e = arena ? jobs_run(hs, &request, arena, &job) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}

enum err jobs_stop(struct homeserver *hs, const char *id)
{
    struct arena *arena = arena_new();
    enum err e = arena ? take_over_all(hs, arena) : ERR_NOMEM;

    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    if (!e)
        e = db_end(hs->db, jobs_cancel(hs->db, id, clock_now_ms()));
    arena_free(&arena);
    return e;
}

struct gathering {
    const char *outcome;
    struct list list;
};

static enum err gather(const struct job_item *item, void *context)
{
    struct gathering *gathering = context;
    const char **id;

    if (strcmp(item->outcome, gathering->outcome) != 0)
        return ERR_OK;
    id = list_add(&gathering->list);
    if (id)
        *id = arena_strdup(gathering->list.arena, item->item);
    return id && *id ? ERR_OK : ERR_NOMEM;
}

enum err jobs_items(struct homeserver *hs, const char *id, const char *wanted, struct arena *arena,
                    struct id_list *list)
{
    struct gathering gathering = {.outcome = wanted,
                                  .list = {.arena = arena, .item_size = sizeof(const char *)}};
    enum err e = job_items_list(hs->db, id, gather, &gathering);

    *list = (struct id_list){.ids = gathering.list.items, .count = gathering.list.count};
    return e;
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
    enum err e = enter(hs, PRESENCE_RUNNER, arena);

    *pause_ms = 0;
    if (!e)
        e = find_pause(hs, pause_ms);
    if (!e && *pause_ms == 0) {
        e = claim_next(hs, new_first, arena, &job);
        return e == ERR_NOT_FOUND ? ERR_OK : e ? e : do_batch(hs, &job, arena);
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
