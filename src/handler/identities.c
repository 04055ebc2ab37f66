/* SPDX-License-Identifier: ISC */
/* Synapse's look-ups of a user by a third-party id, or by an id at a single sign-on provider. */
#include "handler/handlers.h"
#include "store/identities.h"

static json_t *answer(struct call *call, enum err e, const char *localpart)
{
    if (e)
        return call_fail_absent(call, e, "User not found");
    return json_pack("{s:o}", "user_id", json_sprintf("@%s:%s", localpart, call->app->config->server_name));
}

/* The address is compared as it is kept: Synapse folds no case here. */
json_t *threepid_user_get(struct call *call)
{
    const struct identity identity = {.kind = call->parameters[0], .id = call->parameters[1]};
    const char *localpart = NULL;
    enum err e =
        threepids_owner(call->app->db, &identity, call->app->config->server_name, call->arena, &localpart);

    return answer(call, e, localpart);
}

json_t *external_id_user_get(struct call *call)
{
    const struct identity identity = {.kind = call->parameters[0], .id = call->parameters[1]};
    const char *localpart = NULL;
    enum err e = external_ids_owner(call->app->db, &identity, call->arena, &localpart);

    return answer(call, e, localpart);
}
