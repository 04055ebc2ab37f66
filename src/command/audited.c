/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/audited.h"
#include "command/console.h"
#include "homeserver/audit_parameters.h"
#include "matrix/id.h"

#define DAY_MS    ((int64_t)24 * 3600 * 1000)
#define TEXT_SIZE (2 * ID_SIZE)

/* Outcomes in the words of HTTP, as those of requests are. */
#define OUTCOME_DONE   200
#define OUTCOME_FAILED 500

/* The login name; behind sudo, that of who asked sudo. */
static void operator_name(uid_t uid, char name[TEXT_SIZE])
{
    const struct passwd *entry = getpwuid(uid);
    const char *sudo = uid == 0 ? getenv("SUDO_USER") : NULL;

    if (sudo && *sudo)
        console_safe(sudo, name, TEXT_SIZE);
    else if (entry)
        console_safe(entry->pw_name, name, TEXT_SIZE);
    else
        snprintf(name, TEXT_SIZE, "%ju", (uintmax_t)uid);
}

static enum err add_options(const struct invocation *invocation, json_t *parameters)
{
    char safe[TEXT_SIZE];
    enum err e = ERR_OK;

    for (int i = 0; !e && i < OPTION__MAX; i++) {
        const char *name = command_option_name(i);

        if (invocation->value[i]) {
            console_safe(invocation->value[i], safe, sizeof safe);
            e = audit_parameters_add_text(parameters, name, safe);
        } else if (invocation->given[i]) {
            e = audit_parameters_add(parameters, name, json_true());
        }
    }
    return e;
}

static enum err describe(struct audit *audit)
{
    struct context *context = audit->context;
    const struct invocation *invocation = context->invocation;
    char target[TEXT_SIZE] = "";
    json_t *parameters = json_object();
    enum err e = parameters && context->who ? ERR_OK : ERR_NOMEM;

    if (!e)
        e = audit_parameters_add_text(parameters, "operator", context->who);
    if (!e)
        e = add_options(invocation, parameters);
    if (!e && invocation->operand)
        console_safe(invocation->operand, target, sizeof target);
    if (!audit->row.target)
        audit->row.target = arena_strdup(context->arena, target);
    audit->row.parameters = e ? NULL : audit_parameters_text(parameters, context->arena);
    json_decref(parameters);
    return !e && (!audit->row.target || !audit->row.parameters) ? ERR_NOMEM : e;
}

void context_audit_begin(struct context *context, uid_t uid)
{
    char name[TEXT_SIZE];

    operator_name(uid, name);
    context->who = arena_strdup(context->arena, name);
    context->audit = (struct audit){
        .db = context->db,
        .keep_ms = context->config->audit.retention * DAY_MS,
        .describe = describe,
        .context = context,
        .row = {.admin = "",
                .address = "",
                .method = AUDIT_COMMAND,
                .route = context->invocation->command,
                .request_id = ""},
    };
    context->homeserver.audit = &context->audit;
    audit_arm(&context->audit);
}

void context_audit_end(struct context *context)
{
    if (context->homeserver.audit)
        audit_end(&context->audit, context->result ? OUTCOME_FAILED : OUTCOME_DONE);
}
