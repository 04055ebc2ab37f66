/* SPDX-License-Identifier: ISC */
#include "handler/handlers.h"
#include "handler/username.h"
#include "matrix/id.h"
#include "store/accounts.h"

static const char *const faults[] = {
    [LOCALPART_EMPTY] = "User ID cannot be empty",
    [LOCALPART_CHARACTERS] = "User ID can only contain characters a-z, 0-9, or '=_-./+'",
    [LOCALPART_UNDERSCORE] = "User ID may not begin with _",
    [LOCALPART_TOO_LONG] = "User ID may not be longer than 255 characters",
    [LOCALPART_NUMERIC] = "Numeric user IDs are reserved for guest users.",
};

bool username_allowed(struct call *call, const char *localpart)
{
    enum localpart fault = localpart_check(localpart, call->app->config->server_name);

    if (fault != LOCALPART_OK)
        call_fail(call, API_INVALID_USERNAME, faults[fault]);
    return fault == LOCALPART_OK;
}

json_t *username_available(struct call *call)
{
    const char *username = query_get(&call->request.query, "username");
    struct account account;
    enum err e;

    if (!username)
        return call_fail(call, API_MISSING_PARAM, "Missing required string query parameter username");
    if (!username_allowed(call, username))
        return NULL;
    e = accounts_find(call->app->db, username, call->app->config->server_name, call->arena, &account);
    if (e == ERR_NOT_FOUND)
        return json_pack("{s:b}", "available", 1);
    if (e)
        return call_fail_err(call, e);
    return call_fail(call, API_USER_IN_USE, NULL);
}
