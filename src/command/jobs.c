/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "command/console.h"
#include "command/context.h"
#include "command/listing.h"
#include "command/jobs.h"
#include "homeserver/job_json.h"
#include "homeserver/jobs.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000000
#define TEXT_SIZE     1024 /* bytes of a column */

/* What is wrong when an act fails. */
static const struct context_words words[] = {
    {ERR_NOT_FOUND, "there is no such job"},
    {ERR_INVALID, "it has ended already"},
    {ERR_OK, NULL},
};

static void print_job(const struct job *job)
{
    char when[CONSOLE_TIME_SIZE], safe[TEXT_SIZE];

    console_time(job->created_ts, when);
    printf("%s  %s  %-9s  %" PRId64 "/%" PRId64, job->id, when, job_status_name(job->status), job->done,
           job->total);
    console_safe(job->kind, safe, sizeof safe);
    printf("  %s", safe);
    console_safe(job->target, safe, sizeof safe);
    printf("%s%s", *safe ? " " : "", safe);
    if (job->error) {
        console_safe(job->error, safe, sizeof safe);
        printf(": %s", safe);
    }
    putchar('\n');
}

static enum err list_one(const struct job *job, void *context)
{
    struct listing *listing = context;

    if (listing->array)
        return json_array_append_new(listing->array, job_json(job)) < 0 ? ERR_NOMEM : ERR_OK;
    print_job(job);
    return ERR_OK;
}

/* The filter that the options make; false after saying what is wrong. */
static bool read_filter(const struct invocation *invocation, struct job_filter *filter)
{
    enum job_status status;

    *filter = (struct job_filter){
        .status = invocation->value[OPTION_STATUS],
        .kind = invocation->value[OPTION_KIND],
        .target = invocation->value[OPTION_TARGET],
        .limit = LIMIT_DEFAULT,
    };
    if (filter->status && !job_status_find(filter->status, &status)) {
        console_error(invocation, "--status is none of scheduled, active, complete, failed, cancelled");
        return false;
    }
    return console_number(invocation, OPTION_LIMIT, LIMIT_MAX, &filter->limit);
}

static enum err list_all(struct context *context, struct listing *listing, const void *what)
{
    return jobs_list(context->db, what, list_one, listing);
}

int command_jobs_list(const struct invocation *invocation)
{
    struct job_filter filter;

    if (!read_filter(invocation, &filter))
        return COMMAND_USAGE;
    return listing_command(invocation, list_all, &filter);
}

/* A member of the object: a time as one, a text as it is, anything else as JSON. */
static void print_member(const char *name, const json_t *value)
{
    size_t length = strlen(name);
    char safe[TEXT_SIZE];
    char *text;

    if (length > 3 && strcmp(name + length - 3, "_ts") == 0) {
        console_time(json_integer_value(value), safe);
        printf("%-14.*s %s\n", (int)length - 3, name, safe);
        return;
    }
    if (json_is_string(value)) {
        console_safe(json_string_value(value), safe, sizeof safe);
        printf("%-14s %s\n", name, safe);
        return;
    }
    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY); /* control characters are escaped */
    printf("%-14s %s\n", name, text ? text : "?");
    free(text);
}

static void print_object(json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (!json_is_null(value))
            print_member(name, value);
    }
}

/* Writes the job of the operand. */
static enum err show(struct context *context)
{
    json_t *object = NULL;
    struct job job;
    enum err e = db_begin(context->db, DB_READ);

    if (e)
        return e;
    e = jobs_find(context->db, context->invocation->operand, context->arena, &job);
    if (!e)
        e = job_json_whole(context->db, &job, &object);
    e = db_end(context->db, e);
    if (!e && context->invocation->given[OPTION_JSON]) {
        json_dumpf(object, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (!e) {
        print_object(object);
    }
    json_decref(object);
    return e;
}

static enum err cancel(struct context *context)
{
    const char *id = context->invocation->operand;
    struct job job;
    enum err e = jobs_stop(&context->homeserver, id);

    if (!e)
        e = jobs_find(context->db, id, context->arena, &job);
    if (!e)
        puts(job_has_ended(&job) ? "cancelled" : "it ends after the batch that is running");
    return e;
}

static int act(const struct invocation *invocation, enum err (*act_on_job)(struct context *context))
{
    struct context context;
    int code = COMMAND_FAILED;
    enum err e = context_open(&context, invocation);

    if (!e) {
        e = act_on_job(&context);
        code = e ? context_failed(&context, words, e) : console_finish(invocation);
    }
    context_close(&context);
    return code;
}

int command_jobs_show(const struct invocation *invocation)
{
    return act(invocation, show);
}

int command_jobs_cancel(const struct invocation *invocation)
{
    return act(invocation, cancel);
}
