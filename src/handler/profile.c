/* SPDX-License-Identifier: ISC */
/* "Profiles" in the Client-Server API. Of users of other servers nothing is known here. */
#include <string.h>

#include "handler/handlers.h"
#include "matrix/id.h"
#include "store/accounts.h"

static bool profile_find(struct call *call, struct profile *profile)
{
    const struct config *config = call->app->config;
    struct user_id id;
    enum err e = ERR_NOT_FOUND;

    if (!user_id_parse(call->parameters[0], &id)) {
        call_fail(call, API_INVALID_PARAM, "Expected UserID of the form '@localname:domain'");
        return false;
    }
    if (strcmp(id.server_name, config->server_name) == 0)
        e = profiles_find(call->app->db, id.localpart, config->server_name, call->arena, profile);
    if (e == ERR_NOT_FOUND)
        call_fail(call, API_NOT_FOUND, "Profile was not found");
    else if (e)
        call_fail_err(call, e);
    return e == ERR_OK;
}

/* NULL, which json_pack() then leaves out, for a text that is not set. */
static const char *set_or_null(const char *text)
{
    return text && *text ? text : NULL;
}

json_t *profile_get(struct call *call)
{
    struct profile profile = {0};

    if (!profile_find(call, &profile))
        return NULL;
    return json_pack("{s:s*, s:s*}", "displayname", set_or_null(profile.display_name), "avatar_url",
                     set_or_null(profile.avatar_url));
}

json_t *profile_display_name_get(struct call *call)
{
    struct profile profile = {0};

    if (!profile_find(call, &profile))
        return NULL;
    return json_pack("{s:s*}", "displayname", set_or_null(profile.display_name));
}

json_t *profile_avatar_url_get(struct call *call)
{
    struct profile profile = {0};

    if (!profile_find(call, &profile))
        return NULL;
    return json_pack("{s:s*}", "avatar_url", set_or_null(profile.avatar_url));
}
