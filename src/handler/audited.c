/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "handler/audited.h"
#include "homeserver/audit_parameters.h"

#define PARAMETER_NAME_SIZE 32
#define DAY_MS              ((int64_t)24 * 3600 * 1000)

/* Finds the next "{name}" in a pattern from `at` on, and returns where it ends; NULL: there is none. */
static const char *next_name(const char *at, char name[PARAMETER_NAME_SIZE])
{
    const char *open = strchr(at, '{');

    if (!open)
        return NULL;
    snprintf(name, PARAMETER_NAME_SIZE, "%.*s", (int)strcspn(open + 1, "}"), open + 1);
    return open + 1;
}

static const char *user_id_of(const struct call *call, const char *localpart)
{
    return arena_printf(call->arena, "@%s:%s", localpart, call->app->config->server_name);
}

/* Who asks, or who signs in by this; "": nobody we know. */
static const char *who(const struct call *call)
{
    if (call->caller.user_id)
        return call->caller.user_id;
    return call->subject ? user_id_of(call, call->subject) : "";
}

/* What the path names first. A user is named by the whole id, so that all that was done to one is found. */
static const char *what(const struct call *call)
{
    const char *first = call->parameters[0];
    char name[PARAMETER_NAME_SIZE];

    if (!next_name(call->audit.row.route, name))
        return call->subject ? who(call) : "";
    return strncmp(name, "user", strlen("user")) == 0 && *first != '@' ? user_id_of(call, first) : first;
}

static enum err add_path(const struct call *call, bool first_too, json_t *parameters)
{
    const char *at = call->audit.row.route;
    char name[PARAMETER_NAME_SIZE];
    enum err e = ERR_OK;

    for (size_t i = 0; !e && (at = next_name(at, name)); i++)
        if (i > 0 || first_too)
            e = audit_parameters_add_text(parameters, name, call->parameters[i]);
    return e;
}

static enum err add_query(const struct call *call, json_t *parameters)
{
    const struct query *query = &call->request.query;
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < query->count; i++)
        e = audit_parameters_add_text(parameters, query->parameters[i].name, query->parameters[i].value);
    return e;
}

static enum err add_body(const struct call *call, json_t *parameters)
{
    const char *name;
    json_t *value;
    enum err e = ERR_OK;

    json_object_foreach(call->json, name, value)
    {
        if (!e)
            e = audit_parameters_add(parameters, name, value);
    }
    return e;
}

/* `first_too`: the first parameter of the path is not the target. */
static enum err describe_parameters(const struct call *call, bool first_too, const char **text)
{
    const char *job_id = call->audit.job_id;
    json_t *parameters = json_object();
    enum err e = parameters ? ERR_OK : ERR_NOMEM;

    if (!e && *job_id)
        e = audit_parameters_add_text(parameters, "job_id", job_id);
    if (!e)
        e = add_path(call, first_too, parameters);
    if (!e)
        e = add_query(call, parameters);
    if (!e)
        e = add_body(call, parameters);
    *text = e ? NULL : audit_parameters_text(parameters, call->arena);
    json_decref(parameters);
    return !e && !*text ? ERR_NOMEM : e;
}

static enum err describe(struct audit *audit)
{
    const struct call *call = audit->context;
    struct audit_row *row = &audit->row;
    bool target_given = row->target;

    row->admin = who(call);
    if (call->caller.owner.device_id)
        row->device_id = call->caller.owner.device_id;
    row->address = call->request.address;
    row->method = call->request.method_text;
    row->request_id = call->request.id;
    if (!target_given)
        row->target = what(call);
    if (!row->admin || !row->target)
        return ERR_NOMEM;
    return describe_parameters(call, target_given, &row->parameters);
}

void call_audit_begin(struct call *call, const char *route)
{
    call->audit = (struct audit){
        .db = call->app->db,
        .keep_ms = call->app->config->audit.retention * DAY_MS,
        .describe = describe,
        .context = call,
        .row = {.route = route},
    };
    call->homeserver.audit = &call->audit;
    audit_arm(&call->audit);
}

void call_audit_end(struct call *call)
{
    audit_end(&call->audit, call->reply.status);
}
