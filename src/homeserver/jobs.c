/* SPDX-License-Identifier: ISC */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/list.h"
#include "homeserver/audit.h"
#include "homeserver/job_kinds.h"
#include "homeserver/job_work.h"
#include "homeserver/jobs.h"
#include "store/presence.h"

#define WAIT_FIRST_MS 5 /* between two looks at a job that somebody else does */
#define WAIT_LAST_MS  50

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

/* Forgets a job that ended long ago, if there is one: where there is no runner, nobody else would. */
static enum err sweep(struct db *db, struct arena *arena)
{
    const char *id;
    enum err e = jobs_expired(db, clock_now_ms(), arena, &id);

    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    return jobs_forget(db, id);
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
    exists = e == ERR_EXISTS && !request->alone;
    if (!e || exists) {
        audit_job(hs->audit, id);
        audit_unfinished(hs->audit);
    }
    if (!e && claimed)
        e = jobs_claim(hs->db, id, presence_number(hs->presence), clock_now_ms(), arena, claimed);
    if (!e)
        e = sweep(hs->db, arena);
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
    enum err e = job_work_enter(hs, PRESENCE_REQUEST, arena);

    while (!e && !is_over(&job) && clock_monotonic_ms() < end_ms) {
        e = db_begin(hs->db, DB_NOTE);
        if (!e)
            e = db_end(hs->db,
                       jobs_claim(hs->db, id, presence_number(hs->presence), clock_now_ms(), arena, &job));
        if (!e)
            e = job_work_batch(hs, &job, arena);
    }
    presence_leave(hs->presence);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Whether somebody has to do what is left of the job, and there is nobody but us. */
static enum err needs_help(struct homeserver *hs, const char *id, struct arena *arena, bool *needs)
{
    bool runner = false;
    struct job job;
    enum err e = presence_any_runner(hs->presence, &runner);

    *needs = false;
    if (e || runner)
        return e;
    e = jobs_find(hs->db, id, arena, &job);
    *needs = !e && !job_has_ended(&job) && job.due_ts <= clock_now_ms();
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Who only asks changes nothing that the audit is to tell of. */
static enum err do_unnoticed(struct homeserver *hs, const char *id, struct arena *arena)
{
    struct homeserver quiet = *hs;
    bool armed = db_before_commit_forget(hs->db);
    enum err e;

    quiet.audit = NULL;
    e = do_here(&quiet, id, clock_monotonic_ms() + JOB_BATCH_MS, arena);
    if (armed && hs->audit)
        audit_arm(hs->audit);
    return e;
}

enum err jobs_help(struct homeserver *hs, const char *id)
{
    struct arena *arena = arena_new();
    bool needs = false;
    enum err e = arena ? needs_help(hs, id, arena, &needs) : ERR_NOMEM;

    if (!e && needs)
        e = do_unnoticed(hs, id, arena);
    arena_free(&arena);
    return e;
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
    enum err e;

    homeserver_turn_end(hs); /* whoever does the job needs one */
    e = scratch ? watch(hs, id, end_ms, scratch) : ERR_NOMEM;

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

enum err jobs_wait_ms(struct homeserver *hs, const char *id, int64_t wait_ms, struct arena *arena,
                      struct job *job)
{
    return wait_until(hs, id, clock_monotonic_ms() + wait_ms, arena, job);
}

enum err jobs_run(struct homeserver *hs, const struct job_request *request, struct arena *arena,
                  struct job *job)
{
    int64_t end_ms = wait_end_ms(hs);
    char id[JOBS_ID_SIZE] = "";
    enum err e = job_work_enter(hs, PRESENCE_REQUEST, arena);

    if (!e)
        e = add(hs, request, arena, id, job);
    if (!e)
        e = job_work_batch(hs, job, arena);
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

    if (!e && job.status != JOB_COMPLETE) {
        homeserver_reason(hs, job.status == JOB_CANCELLED ? "Job %s was ended meanwhile" : "Job %s goes on",
                          job.id);
        e = ERR_BUSY;
    }
    arena_free(&arena);
    return e;
}

enum err jobs_stop(struct homeserver *hs, const char *id)
{
    struct arena *arena = arena_new();
    enum err e = arena ? job_work_take_over(hs, arena) : ERR_NOMEM;

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
