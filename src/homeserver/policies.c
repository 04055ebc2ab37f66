/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "homeserver/audit.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/policies.h"
#include "homeserver/policy_walks.h"

#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define DONE   200 /* the outcome that the audit is told */

static void prepare_remote_media(const struct config *config, struct media_purge *purge)
{
    (void)config;
    *purge = (struct media_purge){.wish = {.remote = true, .larger_than = -1}};
}

static void prepare_local_media(const struct config *config, struct media_purge *purge)
{
    const int64_t larger_than = config->policies.local_media_larger_than;

    *purge = (struct media_purge){
        .wish = {.larger_than = larger_than > 0 ? larger_than : -1},
        .keep_avatars = config->policies.local_media_keep_avatars,
        .spare_users = &config->policies.spare_users,
    };
}

static enum err begin(struct walk *walk, const struct job *job);

#define DAYS(option) .days = offsetof(struct config, policies.option)
#define ON(option)   .on = offsetof(struct config, policies.option)
#define WALK(size, stem)                                                                                     \
    {                                                                                                        \
        .batch = size, .find = stem##_find, .act = stem##_act, .begin = begin                                \
    }
const struct policy policies[] = {
    {"remote_media", "media", MEDIA_PURGE_DELETED, DAYS(remote_media_days),
     .walk = WALK(MEDIA_PURGE_BATCH, media_purge), .prepare = prepare_remote_media},
    {"local_media", "media", MEDIA_PURGE_DELETED, DAYS(local_media_days),
     .walk = WALK(MEDIA_PURGE_BATCH, media_purge), .prepare = prepare_local_media},
    {"idle_sessions", "sessions", POLICY_SESSIONS_ENDED, DAYS(idle_session_days),
     .walk = WALK(1, policy_sessions)},
    {"expired_registration_tokens", "registration tokens", POLICY_TOKENS_DELETED,
     ON(expired_registration_tokens), .walk = WALK(1, policy_tokens)},
    {POLICY_EMPTY_ROOMS, "rooms", POLICY_ROOMS_PURGED, DAYS(empty_room_days), .walk = WALK(1, policy_rooms)},
};
const size_t policies_count = sizeof policies / sizeof *policies;

const struct policy *policies_find(const char *name)
{
    for (size_t i = 0; i < policies_count; i++)
        if (strcmp(policies[i].name, name) == 0)
            return &policies[i];
    return NULL;
}

int64_t policy_days(const struct policy *policy, const struct config *config)
{
    return policy->days ? *(const int64_t *)((const char *)config + policy->days) : 0;
}

bool policy_is_on(const struct policy *policy, const struct config *config)
{
    return policy->on ? *(const bool *)((const char *)config + policy->on) : policy_days(policy, config) > 0;
}

/* What one look at a policy, or a step of its job, has open: the context of the walk, which those of media
 * take for its first member. */
struct look {
    struct media_purge purge;
    const struct policy *policy;
    struct walk walk;
    bool told; /* the audit, in this step */
};

static void prepare(struct look *look, struct homeserver *hs, const struct policy *policy,
                    struct arena *arena)
{
    const int64_t before_ts = clock_now_ms() - policy_days(policy, hs->config) * DAY_MS;

    if (policy->prepare)
        policy->prepare(hs->config, &look->purge);
    look->policy = policy;
    look->purge.wish.before_ts = before_ts;
    look->walk = (struct walk){.hs = hs, .arena = arena, .before_ts = before_ts, .context = look};
}

enum err policies_foresee(struct homeserver *hs, const struct policy *policy,
                          enum err (*each)(const struct found *found, void *context), void *context)
{
    struct arena *arena = arena_new();
    struct look look = {0};
    enum err e = ERR_NOMEM;

    if (arena) {
        prepare(&look, hs, policy, arena);
        e = walk_foresee(&policy->walk, &look.walk, each, context);
    }
    arena_free(&arena);
    return e;
}

/* What the audit is told of a policy that has something to do, once a job: its row comes before the first
 * act, and the counts at the end. */
static enum err tell(struct homeserver *hs, const struct job *job, struct arena *arena, int64_t outcome,
                     json_t *parameters)
{
    char *text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;
    const struct audit_row row = {
        .ts = clock_now_ms(),
        .admin = "",
        .address = "",
        .method = AUDIT_POLICY,
        .route = AUDIT_POLICY_ROUTE,
        .target = job->target,
        .parameters = text ? arena_strdup(arena, text) : NULL,
        .request_id = job->id,
        .outcome = outcome,
    };
    enum err e = row.parameters ? db_begin(hs->db, DB_NOTE) : ERR_NOMEM;

    free(text);
    json_decref(parameters);
    if (e)
        return e;
    e = audit_policy(hs->db, &row);
    if (!e && hs->config->audit.retention > 0)
        e = audit_sweep(hs->db, row.ts - hs->config->audit.retention * DAY_MS);
    return db_end(hs->db, e);
}

static json_t *parameters_of(const struct walk *walk, const struct job *job)
{
    const struct look *look = walk->context;

    return json_pack("{s:s, s:I}", "job_id", job->id, "days",
                     (json_int_t)policy_days(look->policy, walk->hs->config));
}

static enum err begin(struct walk *walk, const struct job *job)
{
    struct look *look = walk->context;
    enum err e =
        look->told ? ERR_OK : tell(walk->hs, job, walk->arena, AUDIT_UNKNOWN, parameters_of(walk, job));

    look->told = !e;
    return e;
}

static enum err add_count(const char *outcome, int64_t count, void *counts)
{
    return json_object_set_new(counts, outcome, json_integer(count)) < 0 ? ERR_NOMEM : ERR_OK;
}

static enum err end(struct walk *walk, const struct job *job)
{
    json_t *parameters = parameters_of(walk, job);
    enum err e = parameters ? job_items_tally(walk->hs->db, job->id, add_count, parameters) : ERR_NOMEM;

    if (!e)
        return tell(walk->hs, job, walk->arena, DONE, parameters);
    json_decref(parameters);
    return e;
}

enum err job_policy(struct homeserver *hs, struct job *job, struct arena *arena)
{
    const struct policy *policy = policies_find(job->target);
    struct look look = {0};
    enum err e;

    if (!policy || !policy_is_on(policy, hs->config)) { /* it was switched off since */
        job->status = JOB_COMPLETE;
        return ERR_OK;
    }
    prepare(&look, hs, policy, arena);
    e = walk_step(&policy->walk, &look.walk, job);
    if (!e && job->status == JOB_COMPLETE && job->total > 0)
        e = end(&look.walk, job);
    if (e)
        job->status = JOB_ACTIVE;
    return e;
}

int64_t policies_next_ts(int64_t now_ms, int64_t hour)
{
    time_t now = (time_t)(now_ms / 1000), next = 0;
    struct tm day;

    localtime_r(&now, &day);
    for (int i = 0; i < 3 && next <= now;
         i++) { /* an hour that the change to summer time leaves out is later */
        struct tm time = {.tm_year = day.tm_year,
                          .tm_mon = day.tm_mon,
                          .tm_mday = day.tm_mday + i,
                          .tm_hour = (int)hour,
                          .tm_isdst = -1};

        next = mktime(&time);
    }
    return (int64_t)next * 1000;
}

/* Whether a job that is still to come is in the way of what the configuration says by now. */
static bool is_misplaced(const struct job *job, bool on, int64_t now_ms, int64_t next_ts)
{
    if (job->started_ts > 0)
        return false;
    return !on || (job->due_ts > now_ms && job->due_ts != next_ts);
}

static enum err forget_new(struct db *db, const char *id)
{
    enum err e = db_begin(db, DB_NOTE);

    return e ? e : db_end(db, jobs_forget_new(db, id));
}

/* Starts the job of the next time, unless somebody has ended that one already. */
static enum err start(struct homeserver *hs, const struct policy *policy, int64_t next_ts)
{
    const struct job_request request = {
        .kind = JOB_POLICY, .target = policy->name, .due_ts = next_ts, .alone = true};
    char id[JOBS_ID_SIZE];
    bool cancelled = false;
    enum err e = jobs_was_cancelled(hs->db, JOB_POLICY, policy->name, next_ts, &cancelled);

    if (e || cancelled)
        return e;
    e = jobs_start(hs, &request, id);
    return e == ERR_EXISTS ? ERR_OK : e;
}

static enum err plan(struct homeserver *hs, const struct policy *policy, struct arena *arena)
{
    const int64_t now_ms = clock_now_ms(), next_ts = policies_next_ts(now_ms, hs->config->policies.hour);
    const bool on = policy_is_on(policy, hs->config);
    struct job job;
    enum err e = jobs_find_open(hs->db, JOB_POLICY, policy->name, arena, &job);
    const bool none = e == ERR_NOT_FOUND, misplaced = !e && is_misplaced(&job, on, now_ms, next_ts);

    if (misplaced)
        e = forget_new(hs->db, job.id);
    if ((none || (!e && misplaced)) && on)
        return start(hs, policy, next_ts);
    return none ? ERR_OK : e;
}

enum err policies_turn(struct homeserver *hs)
{
    struct arena *arena = arena_new();
    enum err e = arena ? ERR_OK : ERR_NOMEM;

    for (size_t i = 0; !e && i < policies_count; i++)
        e = plan(hs, &policies[i], arena);
    arena_free(&arena);
    return e;
}
