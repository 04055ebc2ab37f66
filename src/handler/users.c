/* SPDX-License-Identifier: ISC */
/* A user as Synapse's admin API shows one. */
#include <string.h>

#include "handler/handlers.h"
#include "handler/users.h"
#include "store/deferred.h"
#include "store/identities.h"
#include "store/users.h"

#define LOOK_UP "Can only look up local users"

/* Neither Dendrite nor we know when an address was added. */
static enum err add_threepid(const struct identity *identity, void *context)
{
    json_t *row = json_pack("{s:s, s:s, s:i, s:i}", "medium", identity->kind, "address", identity->id,
                            "validated_at", 0, "added_at", 0);

    return json_array_append_new(context, row) < 0 ? ERR_NOMEM : ERR_OK;
}

static enum err add_external_id(const struct identity *identity, void *context)
{
    json_t *row = json_pack("{s:s, s:s}", "auth_provider", identity->kind, "external_id", identity->id);

    return json_array_append_new(context, row) < 0 ? ERR_NOMEM : ERR_OK;
}

/* The names of what waits to be changed of the account. */
static enum err add_pending(struct db *db, const char *localpart, json_t *names)
{
    enum err e = ERR_OK;

    for (int i = 0; !e && i < DEFERRED__MAX; i++) {
        const enum deferred_kind kind = (enum deferred_kind)i;
        bool waits = false;

        if (!deferred_is_of_account(kind))
            continue;
        e = deferred_waits(db, kind, localpart, &waits);
        if (!e && waits && json_array_append_new(names, json_string(deferred_kind_name(kind))) < 0)
            e = ERR_NOMEM;
    }
    return e;
}

/* What is in other rows than the account's own. */
static enum err add_more(struct call *call, const struct user *user, json_t *object)
{
    struct db *db = call->app->db;
    json_t *threepids = json_array(), *external_ids = json_array(), *pending = json_array();
    enum err e = threepids && external_ids && pending ? ERR_OK : ERR_NOMEM;

    if (!e)
        e = threepids_list(db, user->localpart, call->app->config->server_name, add_threepid, threepids);
    if (!e)
        e = external_ids_list(db, user->localpart, add_external_id, external_ids);
    if (!e)
        e = add_pending(db, user->localpart, pending);
    if (!e && (json_object_set(object, "threepids", threepids) < 0 ||
               json_object_set(object, "external_ids", external_ids) < 0 ||
               (json_array_size(pending) > 0 && json_object_set(object, "pending", pending) < 0)))
        e = ERR_NOMEM;
    json_decref(threepids);
    json_decref(external_ids);
    json_decref(pending);
    return e;
}

static json_t *time_of(int64_t ms)
{
    return ms > 0 ? json_integer((json_int_t)ms) : json_null();
}

/* Here, and not in lists, the creation is told in seconds. */
static json_t *object_of(const struct call *call, const struct user *user)
{
    return json_pack(
        "{s:o, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:I, s:o, s:s?, s:n, s:n, s:n, s:s?, s:s?, s:s?}", "name",
        json_sprintf("@%s:%s", user->localpart, call->app->config->server_name), "admin",
        user->type == ACCOUNT_ADMIN, "deactivated", user->deactivated, "locked", user->state.locked,
        "shadow_banned", 0, "suspended", user->state.suspended, "is_guest", user->type == ACCOUNT_GUEST,
        "erased", user->state.erased, "creation_ts", (json_int_t)(user->created_ts / 1000), "last_seen_ts",
        time_of(user->last_seen_ts), "appservice_id", user->appservice_id, "consent_server_notice_sent",
        "consent_version", "consent_ts", "user_type", user->state.user_type, "displayname",
        user->profile.display_name, "avatar_url", user->profile.avatar_url);
}

json_t *user_show(struct call *call, const char *localpart)
{
    struct user user;
    json_t *object = NULL;
    enum err e = users_find(call->app->db, localpart, call->app->config->server_name, call->arena, &user);

    if (!e && !(object = object_of(call, &user)))
        e = ERR_NOMEM;
    if (!e)
        e = add_more(call, &user, object);
    if (!e)
        return object;
    json_decref(object);
    return call_fail_absent(call, e, "User not found");
}

json_t *user_get(struct call *call)
{
    const char *localpart = call_local_user(call, call->parameters[0], false, API_BAD_REQUEST, LOOK_UP);

    return localpart ? user_show(call, localpart) : NULL;
}

/* Of nobody it is said that nobody is no admin: so does Synapse. */
json_t *user_admin_get(struct call *call)
{
    const char *localpart = call_local_user(call, call->parameters[0], false, API_BAD_REQUEST,
                                            "Only local users can be admins of this homeserver");
    struct user user = {0};
    enum err e;

    if (!localpart)
        return NULL;
    e = users_find(call->app->db, localpart, call->app->config->server_name, call->arena, &user);
    if (e && e != ERR_NOT_FOUND)
        return call_fail_err(call, e);
    return json_pack("{s:b}", "admin", !e && user.type == ACCOUNT_ADMIN);
}
