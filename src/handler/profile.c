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
    if (e)
        call_fail_absent(call, e, "Profile was not found");
    return e == ERR_OK;
}

/*
 * Leaves a text out that is not set. (json_pack() could do that, with "s*", but it then leaves out too what
 * it has no memory for.)
 */
static json_t *with_text(json_t *object, const char *key, const char *text)
{
    if (object && text && *text && json_object_set_new(object, key, json_string(text))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *with_display_name(json_t *object, const struct profile *profile)
{
    return with_text(object, "displayname", profile->display_name);
}

static json_t *with_avatar_url(json_t *object, const struct profile *profile)
{
    return with_text(object, "avatar_url", profile->avatar_url);
}

json_t *profile_get(struct call *call)
{
    struct profile profile = {0};

    return profile_find(call, &profile)
               ? with_avatar_url(with_display_name(json_object(), &profile), &profile)
               : NULL;
}

json_t *profile_display_name_get(struct call *call)
{
    struct profile profile = {0};

    return profile_find(call, &profile) ? with_display_name(json_object(), &profile) : NULL;
}

json_t *profile_avatar_url_get(struct call *call)
{
    struct profile profile = {0};

    return profile_find(call, &profile) ? with_avatar_url(json_object(), &profile) : NULL;
}
