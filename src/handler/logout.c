/* SPDX-License-Identifier: ISC */
#include "handler/handlers.h"

json_t *logout_post(struct call *call)
{
    const struct token_owner *owner = &call->caller.owner;
    enum err e = homeserver_end_session(&call->homeserver, owner->localpart, owner->device_id);

    /* Another request has ended it since the token was checked: what was asked for has happened. */
    if (e && e != ERR_NOT_FOUND)
        return call_fail_err(call, e);
    return json_object();
}

json_t *logout_all_post(struct call *call)
{
    enum err e = homeserver_end_sessions(&call->homeserver, call->caller.owner.localpart);

    if (e)
        return call_fail_err(call, e);
    return json_object();
}
