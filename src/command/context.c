/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command/audited.h"
#include "command/console.h"
#include "command/context.h"
#include "matrix/id.h"
#include "store/open.h"

enum err context_config(const struct invocation *invocation, struct config **config)
{
    enum err e = config_read(invocation->config_path, config, stderr);

    return e ? e : invocation->host->drop_privileges(*config);
}

enum err context_open(struct context *context, const struct invocation *invocation)
{
    uid_t uid = getuid(); /* before another is taken on */
    enum err e;

    *context = (struct context){.invocation = invocation};
    e = context_config(invocation, &context->config);
    if (e)
        return e;
    context->arena = arena_new();
    if (!context->arena) {
        console_error(invocation, "%s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    e = store_open(&context->db, context->config);
    if (!e)
        e = gate_open_beside(&context->gate, context->config->database, "gate",
                             config_hash_slots(context->config));
    if (!e)
        e = homeserver_open(&context->homeserver, context->config, context->db, context->gate);
    if (!e)
        context_audit_begin(context, uid);
    return e;
}

static const char *local_user(struct context *context, const char *text)
{
    const char *server_name = context->config->server_name;
    struct user_id id;

    if (*text != '@')
        return text;
    if (!user_id_parse(text, &id))
        console_error(context->invocation, "%s: not a user ID", text);
    else if (strcmp(id.server_name, server_name) != 0)
        console_error(context->invocation, "%s: not a user of this server, %s", text, server_name);
    else
        return arena_strdup(context->arena, id.localpart);
    return NULL;
}

const char *context_local_user(struct context *context, const char *text)
{
    const char *localpart = local_user(context, text);

    /* Whom the operand names is whom the command is about. */
    if (localpart && text == context->invocation->operand)
        context->audit.row.target =
            arena_printf(context->arena, "@%s:%s", localpart, context->config->server_name);
    return localpart;
}

int context_failed(struct context *context, const struct context_words *words, enum err e)
{
    const char *text = context->homeserver.reason, *operand = context->invocation->operand;

    context->result = e;
    for (; !text && words && words->err; words++)
        if (words->err == e)
            text = words->text;
    console_error(context->invocation, "%s%s%s", operand ? operand : "", operand ? ": " : "",
                  text ? text : err_text(e));
    return COMMAND_FAILED;
}

void context_close(struct context *context)
{
    context_audit_end(context);
    homeserver_close(&context->homeserver);
    gate_close(&context->gate);
    db_close(&context->db);
    config_free(&context->config);
    arena_free(&context->arena);
}
