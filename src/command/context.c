/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "command/console.h"
#include "command/context.h"
#include "store/schema.h"

enum err context_config(const struct invocation *invocation, struct config **config)
{
    enum err e = config_read(invocation->config_path, config, stderr);

    return e ? e : invocation->host->drop_privileges(*config);
}

enum err context_open(struct context *context, const struct invocation *invocation)
{
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
    e = db_open(&context->db, context->config->database);
    if (!e)
        e = schema_check(context->db, context->config->server_name);
    if (!e)
        e = gate_open_beside(&context->gate, context->config->database, config_hash_slots(context->config));
    if (e)
        return e;
    context->homeserver = homeserver_open(context->config, context->db, context->gate);
    return ERR_OK;
}

void context_close(struct context *context)
{
    gate_close(&context->gate);
    db_close(&context->db);
    config_free(&context->config);
    arena_free(&context->arena);
}
