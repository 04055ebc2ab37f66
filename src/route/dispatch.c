/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "handler/audited.h"
#include "route/authorize.h"
#include "route/dispatch.h"

#define ALLOW_SIZE    64
#define SEEN_EVERY_MS 60000

/* Finds the row; answers 404 or 405 when there is none. */
static const struct route *find(struct call *call)
{
    const struct request *request = &call->request;
    char allow[ALLOW_SIZE];
    const struct route *route =
        route_match(request->method, &request->path, call->parameters, allow, sizeof allow);

    if (!route && *allow) {
        call_fail(call, API_METHOD, NULL);
        call->reply.allow = arena_strdup(call->arena, allow);
    } else if (!route) {
        call_fail(call, API_UNRECOGNIZED, NULL);
    }
    return route;
}

/* How many bytes a body may have. */
static size_t body_limit(const struct call *call, const struct route *route)
{
    const int64_t upload = call->app->config->max_upload_size;

    if (route->takes_body)
        return upload > 0 ? (size_t)upload : SIZE_MAX / 2;
    return route->body_max ? route->body_max : ROUTE_BODY_MAX;
}

/* A GET's body is not read, since none means anything, but one that is too large is refused like any other.
 */
static bool read_body(struct call *call, const struct route *route)
{
    const struct request *request = &call->request;
    const size_t limit = body_limit(call, route);
    enum err e = ERR_OK;

    if (request->method != METHOD_GET && !route->takes_body)
        e = request_read_body(request, limit, call->arena, &call->body, &call->body_size);
    else if (request->content_length > (long long)limit)
        e = ERR_TOO_LARGE;
    if (e == ERR_TOO_LARGE)
        call_fail(call, API_TOO_LARGE, NULL);
    else if (e == ERR_IO)
        call_fail(call, API_TIMEOUT, NULL);
    else if (e)
        call_fail_err(call, e);
    return e == ERR_OK;
}

/* Also a matter of speed: one look at the database's lock a request, instead of one a statement. */
static bool reading_begin(struct call *call, struct dispatched *dispatched)
{
    enum err e = dispatched->route->reads ? db_begin(call->app->db, DB_READ) : ERR_OK;

    dispatched->reading = dispatched->route->reads && !e;
    if (e)
        call_fail_err(call, e);
    return e == ERR_OK;
}

/* Nothing was written, so that nothing is lost if this fails; it is in the log then. */
static void reading_end(struct call *call, struct dispatched *dispatched)
{
    if (dispatched->reading)
        (void)!db_end(call->app->db, ERR_OK);
    dispatched->reading = false;
}

/* A homeserver that makes our changes hashes passwords itself, and is waited for. */
static enum dispatch how_to_run(const struct route *route, bool turns)
{
    if (turns && route->changes)
        return DISPATCH_CHANGES;
    if (!turns && route->hashes)
        return DISPATCH_HASHES;
    if (route->takes_body)
        return DISPATCH_BODY;
    return route->slow || route->hashes ? DISPATCH_SLOW : DISPATCH_READY;
}

static enum dispatch begin(struct call *call, struct dispatched *dispatched, char *const *variables)
{
    const struct route *route;
    enum api_error error;
    const char *text;
    bool decoded = request_decode(variables, call->app->config, call->arena, &call->request, &error, &text);

    log_request_id(call->request.id);
    /* A preflight is never refused: a browser would then hide the error that the request itself gets. */
    if (call->request.method == METHOD_OPTIONS) {
        reply_json(&call->reply, 204, NULL);
        return DISPATCH_ANSWERED;
    }
    if (!decoded) {
        call_fail(call, error, text);
        return DISPATCH_ANSWERED;
    }
    dispatched->route = route = find(call);
    if (!route || !reading_begin(call, dispatched) || !authorize(call, route) || !read_body(call, route))
        return DISPATCH_ANSWERED;
    return how_to_run(route, homeserver_has_turns(&call->app->homeserver));
}

enum dispatch dispatch_begin(struct call *call, struct dispatched *dispatched, char *const *variables)
{
    enum dispatch state;

    *dispatched = (struct dispatched){.started_us = clock_monotonic_us()};
    state = begin(call, dispatched, variables);
    if (state == DISPATCH_ANSWERED)
        reading_end(call, dispatched);
    log_request_id(NULL);
    return state;
}

void dispatch_run(struct call *call, struct dispatched *dispatched)
{
    json_t *body;

    log_request_id(call->request.id);
    call->actor = (struct actor){
        .localpart = call->caller.owner.localpart,
        .device_id = call->caller.owner.device_id,
        .token = call->request.token,
        .address = call->request.address,
    };
    call->homeserver = call->app->homeserver;
    call->homeserver.actor = call->actor.localpart ? &call->actor : NULL;
    if (!dispatched->reading)
        call_audit_begin(call, dispatched->route->pattern);
    body = dispatched->route->handler(call);
    if (body)
        reply_json(&call->reply, 200, body);
    else if (call->reply.status == 0)
        call_fail(call, API_INTERNAL, NULL); /* there was no memory for the body */
    if (!dispatched->reading)
        call_audit_end(call);
    reading_end(call, dispatched);
    log_request_id(NULL);
}

void dispatch_give_up(struct call *call, struct dispatched *dispatched)
{
    call_fail(call, API_UNAVAILABLE,
              "The homeserver is busy with other changes that mxadmin has asked for, try again");
    reading_end(call, dispatched);
}

/*
 * Each device of the user's own once a minute, and never waiting for the lock: it is a note that the next
 * request can make as well. A caller whose session this very request has ended has no row any more, and
 * nothing is changed.
 */
static void note_seen(struct call *call)
{
    const struct token_owner *owner = &call->caller.owner;
    int64_t now = clock_now_ms();
    struct device device = {.device_id = owner->device_id,
                            .last_seen_ts = now,
                            .address = call->request.address,
                            .user_agent = call->request.user_agent};
    struct db *db = call->app->db;
    enum err e;

    if (!owner->localpart || !owner->device_id || owner->puppet || now - owner->last_seen_ts < SEEN_EVERY_MS)
        return;
    if (db_attached(db)) /* the row is Dendrite's, who sees to it itself */
        return;
    e = db_begin(db, DB_WRITE_NOW);
    if (!e)
        e = db_end(db, devices_seen(db, owner->localpart, call->app->config->server_name, &device));
    if (e && e != ERR_BUSY)
        log_warning("a device could not be noted as seen: %s", err_text(e));
}

/*
 * The pattern instead of the path where there is one: it groups what belongs together and names no user. What
 * was only read, and in order, is for those who look closely: the web server in front of us has its own log.
 */
static void write_access_line(const struct call *call, const struct dispatched *dispatched)
{
    const struct request *request = &call->request;
    bool quiet = request->method == METHOD_GET && call->reply.status < 400;
    const struct log_field fields[] = {
        {.name = "method", .text = request->method_text},
        {.name = "route", .text = dispatched->route ? dispatched->route->pattern : request->raw_path},
        {.name = "status", .number = call->reply.status},
        {.name = "duration_us", .number = clock_monotonic_us() - dispatched->started_us},
        {.name = "address", .text = request->address},
        {.name = "user", .text = call->caller.user_id ? call->caller.user_id : ""},
        {.name = "bytes", .number = (int64_t)dispatched->bytes},
    };

    log_fields(quiet ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "request", fields, sizeof fields / sizeof *fields);
}

void dispatch_end(struct call *call, const struct dispatched *dispatched)
{
    log_request_id(call->request.id);
    note_seen(call);
    write_access_line(call, dispatched);
    log_request_id(NULL);
}
