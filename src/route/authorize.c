/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "route/authorize.h"

#define MIXED_TOKENS "Mixing Authorization headers and access_token query parameters."

static bool caller_find(struct call *call)
{
    const struct config *config = call->app->config;
    struct caller *caller = &call->caller;
    enum err e = devices_find_token(call->app->db, call->request.token, config->server_name, call->arena,
                                    &caller->owner);

    if (e == ERR_NOT_FOUND) {
        call_fail(call, API_UNKNOWN_TOKEN, NULL);
    } else if (e) {
        call_fail_err(call, e);
    } else {
        caller->user_id = arena_printf(call->arena, "@%s:%s", caller->owner.localpart, config->server_name);
        if (!caller->user_id)
            call_fail(call, API_INTERNAL, NULL);
    }
    return caller->user_id;
}

bool authorize(struct call *call, const struct route *route)
{
    const enum access access = route->access;
    const struct caller *caller = &call->caller;

    if (access == ACCESS_ANYONE)
        return true;
    if (call->request.token_source == TOKEN_BOTH)
        call_fail(call, API_MISSING_TOKEN, MIXED_TOKENS);
    else if (!call->request.token)
        call_fail(call, API_MISSING_TOKEN, NULL);
    else if (!caller_find(call))
        return false;
    else if (caller->owner.valid_until_ts && caller->owner.valid_until_ts <= clock_now_ms())
        call_fail(call, API_UNKNOWN_TOKEN, "Access token has expired");
    else if (caller->owner.locked)
        call_fail(call, API_USER_LOCKED, NULL);
    else if (access > ACCESS_GUEST && caller->owner.type == ACCOUNT_GUEST)
        call_fail(call, API_GUEST, NULL);
    else if (access == ACCESS_ADMIN && caller->owner.type != ACCOUNT_ADMIN)
        call_fail(call, API_FORBIDDEN, "You are not a server admin");
    else if (route->speaks && caller->owner.suspended)
        call_fail(call, API_USER_SUSPENDED, NULL);
    else
        return true;
    return false;
}
