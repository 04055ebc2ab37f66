/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "command/console.h"
#include "command/listing.h"
#include "command/media_size.h"
#include "command/policy.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/policies.h"

#define LOOK_MS 500 /* between two looks at how far a job is */

/* What a policy has done, or would do. */
struct effect {
    int64_t count;
    int64_t bytes; /* of media; -1: not known, or it is about something else */
    int64_t spared, failed;
    const char *job_id; /* NULL: there is no job */
};

struct foreseen {
    int64_t count;
    struct list media; /* struct media, with no more than a hash */
};

static enum err foresee_one(const struct found *found, void *context)
{
    struct foreseen *foreseen = context;
    struct media *media;

    foreseen->count++;
    if (!found->media)
        return ERR_OK;
    media = list_add(&foreseen->media);
    if (media)
        media->hash = arena_strdup(foreseen->media.arena, found->media->hash);
    return media && media->hash ? ERR_OK : ERR_NOMEM;
}

static enum err foresee(struct context *context, const struct policy *policy, struct effect *effect)
{
    struct foreseen foreseen = {
        .media = {.arena = context->arena, .item_size = sizeof(struct media)},
    };
    struct media_rows media;
    enum err e = policies_foresee(&context->homeserver, policy, foresee_one, &foreseen);

    *effect = (struct effect){.count = foreseen.count, .bytes = -1};
    media = (struct media_rows){.items = foreseen.media.items, .count = foreseen.media.count};
    return e || !policy->prepare ? e : media_size(context, &media, &effect->bytes);
}

/* Waits for the job, with a bar that shows how far it is. */
static enum err wait_for(struct context *context, const char *id, struct job *job)
{
    struct console_bar bar = console_bar();
    enum err e;

    do {
        e = jobs_wait_ms(&context->homeserver, id, LOOK_MS, context->arena, job);
        if (!e && job->total > 0)
            console_bar_draw(&bar, job->done, job->total);
    } while (!e && !job_has_ended(job));
    if (!e && job->status == JOB_CANCELLED) {
        homeserver_reason(&context->homeserver, "Job %s was ended meanwhile", id);
        e = ERR_BUSY;
    }
    return e;
}

struct tally {
    const struct policy *policy;
    struct effect *effect;
};

static enum err count(const char *outcome, int64_t items, void *context)
{
    const struct tally *tally = context;

    if (strcmp(outcome, tally->policy->outcome) == 0)
        tally->effect->count = items;
    else if (strcmp(outcome, WALK_FAILED) == 0)
        tally->effect->failed = items;
    else
        tally->effect->spared = items;
    return ERR_OK;
}

/* Its job is done at once; the one of the next day is planned again by the runner. */
static enum err carry_out(struct context *context, const struct policy *policy, struct effect *effect)
{
    const struct job_request request = {.kind = JOB_POLICY, .target = policy->name};
    struct tally tally = {.policy = policy, .effect = effect};
    char id[JOBS_ID_SIZE];
    struct job job;
    enum err e = jobs_start(&context->homeserver, &request, id);

    *effect = (struct effect){.bytes = -1};
    if (!e || e == ERR_EXISTS)
        e = wait_for(context, id, &job);
    if (e)
        return e;
    effect->job_id = job.id;
    return job_items_tally(context->db, id, count, &tally);
}

static json_t *json_of(const struct context *context, const struct policy *policy,
                       const struct effect *effect)
{
    return json_pack("{s:s, s:b, s:I, s:I, s:o, s:I, s:I, s:s?}", "policy", policy->name, "on",
                     policy_is_on(policy, context->config), "days",
                     (json_int_t)policy_days(policy, context->config), "count", (json_int_t)effect->count,
                     "bytes", effect->bytes < 0 ? json_null() : json_integer(effect->bytes), "spared",
                     (json_int_t)effect->spared, "failed", (json_int_t)effect->failed, "job_id",
                     effect->job_id);
}

static void print(const struct context *context, const struct policy *policy, const struct effect *effect)
{
    const bool dry_run = context->invocation->given[OPTION_DRY_RUN];
    char size[CONSOLE_SIZE_SIZE];

    if (!policy_is_on(policy, context->config)) {
        printf("%s: off\n", policy->name);
        return;
    }
    printf("%s: %" PRId64 " %s %s%s", policy->name, effect->count, policy->things, dry_run ? "would be " : "",
           policy->outcome);
    if (effect->bytes >= 0) {
        console_size(effect->bytes, size);
        printf(", %s", size);
    }
    if (effect->spared > 0)
        printf(", %" PRId64 " left alone", effect->spared);
    if (effect->failed > 0)
        printf(", %" PRId64 " failed: see `mxadmin jobs show %s`", effect->failed, effect->job_id);
    putchar('\n');
}

static enum err report(struct context *context, const struct policy *policy, struct listing *listing)
{
    const bool dry_run = context->invocation->given[OPTION_DRY_RUN];
    struct effect effect = {.bytes = -1};
    enum err e = ERR_OK;

    if (policy_is_on(policy, context->config))
        e = dry_run ? foresee(context, policy, &effect) : carry_out(context, policy, &effect);
    if (e)
        return e;
    if (!listing->array)
        print(context, policy, &effect);
    else if (json_array_append_new(listing->array, json_of(context, policy, &effect)) < 0)
        e = ERR_NOMEM;
    return e;
}

/* One that fails does not keep the others from being carried out. */
static enum err report_all(struct context *context, const char *only, struct listing *listing)
{
    enum err worst = ERR_OK;

    for (size_t i = 0; i < policies_count; i++) {
        const char *reason;
        enum err e;

        if (only && strcmp(only, policies[i].name) != 0)
            continue;
        context->homeserver.reason = NULL;
        e = report(context, &policies[i], listing);
        reason = context->homeserver.reason;
        if (e)
            console_error(context->invocation, "%s: %s", policies[i].name, reason ? reason : err_text(e));
        if (e && !worst)
            worst = e;
    }
    return worst;
}

int command_policy(const struct invocation *invocation)
{
    const char *only = invocation->value[OPTION_ONLY];
    struct listing listing = {0};
    struct context context;
    int code = COMMAND_FAILED, written;
    enum err e;

    if (only && !policies_find(only)) {
        console_error(invocation, "--only names no policy");
        return COMMAND_USAGE;
    }
    e = context_open(&context, invocation);
    if (e)
        goto out;
    e = listing_begin(&listing, invocation);
    if (!e)
        e = report_all(&context, only, &listing);
    context.result = e;
    written = listing_end(&listing, invocation, ERR_OK);
    code = e ? COMMAND_FAILED : written;
out:
    context_close(&context);
    return code;
}
