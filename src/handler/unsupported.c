/* SPDX-License-Identifier: ISC */
/*
 * What Synapse's admin API has, and no homeserver behind mxadmin: a change is refused with a reason, since an
 * answer without an effect would be a lie; a look shows what is true, that there is none.
 */
#include "handler/handlers.h"

/* For a local user who is there; NULL after the answer has become an error. */
static json_t *neutral(struct call *call, json_t *answer)
{
    if (call_existing_user(call, call->parameters[0], "Can only look up local users", "User not found"))
        return answer;
    json_decref(answer);
    return NULL;
}

json_t *ratelimit_get(struct call *call)
{
    return neutral(call, json_object());
}

json_t *experimental_features_get(struct call *call)
{
    return neutral(call, json_pack("{s:{}}", "features"));
}

json_t *ratelimit_unsupported(struct call *call)
{
    return call_fail(call, API_UNRECOGNIZED, "This homeserver has no rate limits of single users");
}

json_t *experimental_features_unsupported(struct call *call)
{
    return call_fail(call, API_UNRECOGNIZED, "This homeserver has no experimental features of single users");
}

json_t *shadow_ban_unsupported(struct call *call)
{
    return call_fail(call, API_UNRECOGNIZED, "This homeserver has no shadow bans");
}

json_t *account_validity_unsupported(struct call *call)
{
    return call_fail(call, API_UNRECOGNIZED, "The accounts of this homeserver do not expire");
}
