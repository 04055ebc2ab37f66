/* SPDX-License-Identifier: ISC */
#include "handler/handlers.h"
#include "store/accounts.h"

/* For load balancers and monitoring. Looking for nobody is a read of the database like any other. */
json_t *health_get(struct call *call)
{
    struct account account;
    enum err e = accounts_find(call->app->db, "", call->app->config->server_name, call->arena, &account);

    if (e && e != ERR_NOT_FOUND)
        return call_fail(call, API_UNAVAILABLE, "The database does not answer");
    return json_pack("{s:s}", "status", "ok");
}
