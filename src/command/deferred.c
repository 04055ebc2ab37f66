/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "command/audited.h"
#include "command/console.h"
#include "command/context.h"
#include "command/listing.h"
#include "command/deferred.h"
#include "homeserver/dendrite/apply.h"
#include "store/schema.h"

#define LINE_SIZE 1024

/* Writes the change without its number, safe for a terminal. */
static void print_change(const struct deferred_change *change)
{
    char line[LINE_SIZE], safe[LINE_SIZE];
    bool plain = strcmp(change->parameters, DEFERRED_NOTHING) == 0;

    snprintf(line, sizeof line, "%s %s%s%s", deferred_kind_name(change->kind), change->target,
             plain ? "" : " ", plain ? "" : change->parameters);
    console_safe(line, safe, sizeof safe);
    printf("%5" PRId64 "  %s", change->id, safe);
}

static void tell(void *context, const struct deferred_change *change, const char *problem)
{
    const struct apply *apply = context;

    print_change(change);
    if (problem)
        printf(": goes on waiting: %s; \"mxadmin deferred cancel %" PRId64 "\" gives it up\n", problem,
               change->id);
    else
        puts(apply->dry_run ? ": would be done" : ": done");
}

/*
 * Opens our own file alone, without Dendrite's beside it, and as who started the command: it takes root, or
 * Dendrite's own user, to write to Dendrite's files.
 */
static enum err open_own(struct context *context, const struct invocation *invocation)
{
    const struct config *config;
    enum err e;

    *context = (struct context){.invocation = invocation};
    e = config_read(invocation->config_path, &context->config, stderr);
    if (e)
        return e;
    config = context->config;
    if (config->homeserver.kind != CONFIG_HOMESERVER_DENDRITE) {
        console_error(invocation, "nothing waits: homeserver.kind is not dendrite");
        return ERR_UNSUPPORTED;
    }
    if (access(config->database, F_OK) < 0 && errno == ENOENT)
        return ERR_NOT_FOUND; /* it is made by the service, as its own user, and nothing waits */
    context->arena = arena_new();
    if (!context->arena)
        return ERR_NOMEM;
    e = schema_open_beside(&context->db, config->database, config->server_name);
    if (!e)
        context_audit_begin(context, getuid());
    return e;
}

static int apply_failed(struct context *context, const struct apply *apply, enum err e)
{
    context->result = e;
    if (apply->refusal)
        console_error(context->invocation, "%s: %s",
                      apply->dry_run ? "it could not be done now" : "nothing was changed", apply->refusal);
    else
        console_error(context->invocation, "%s; do it again", err_text(e));
    return COMMAND_FAILED;
}

int command_apply(const struct invocation *invocation)
{
    struct context context;
    struct apply apply = {.dry_run = invocation->given[OPTION_DRY_RUN], .tell = tell, .context = &apply};
    int code = COMMAND_FAILED;
    enum err e = open_own(&context, invocation);

    if (!e) {
        apply.config = context.config;
        apply.db = context.db;
        apply.arena = context.arena;
        e = apply_changes(&apply);
        code = e ? apply_failed(&context, &apply, e) : console_finish(invocation);
    } else if (e == ERR_NOT_FOUND && context.config) {
        code = COMMAND_OK;
    }
    if (!code && apply.waiting > 0)
        code = COMMAND_FAILED;
    context_close(&context);
    return code;
}

static enum err list_one(const struct deferred_change *change, void *context)
{
    struct listing *listing = context;
    json_t *parameters;

    if (!listing->array) {
        print_change(change);
        putchar('\n');
        return ERR_OK;
    }
    parameters = json_loads(change->parameters, JSON_DECODE_ANY, NULL);
    return json_array_append_new(listing->array,
                                 json_pack("{s:I, s:s, s:s, s:o, s:s, s:I}", "id", (json_int_t)change->id,
                                           "kind", deferred_kind_name(change->kind), "target", change->target,
                                           "parameters", parameters ? parameters : json_null(), "actor",
                                           change->actor, "created_ts", (json_int_t)change->created_ts))
               ? ERR_NOMEM
               : ERR_OK;
}

static enum err list_all(struct context *context, struct listing *listing, const void *what)
{
    (void)what;
    return deferred_list(context->db, list_one, listing);
}

int command_deferred_list(const struct invocation *invocation)
{
    return listing_command(invocation, list_all, NULL);
}

/* The number that the operand is; false after saying that it is none. */
static bool read_id(const struct invocation *invocation, int64_t *id)
{
    const char *text = invocation->operand;
    bool digits = *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19;

    if (digits)
        *id = strtoll(text, NULL, 10);
    else
        console_error(invocation, "%s: \"mxadmin deferred list\" shows the numbers", text);
    return digits;
}

int command_deferred_cancel(const struct invocation *invocation)
{
    static const struct context_words words[] = {{ERR_NOT_FOUND, "no such change waits"}, {0}};
    struct context context;
    int code = COMMAND_FAILED;
    int64_t id;
    enum err e;

    if (!read_id(invocation, &id))
        return COMMAND_FAILED;
    e = context_open(&context, invocation);
    if (!e) {
        e = db_begin(context.db, DB_WRITE);
        if (!e)
            e = db_end(context.db, deferred_delete(context.db, id));
        code = e ? context_failed(&context, words, e) : COMMAND_OK;
    }
    context_close(&context);
    return code;
}
