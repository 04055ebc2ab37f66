/* SPDX-License-Identifier: ISC */
/* Synapse's look at a user's account data, and a user's own ("Client-Server API", "Client Config"). */
#include <stdlib.h>
#include <string.h>

#include "handler/handlers.h"
#include "store/account_data.h"

struct listing {
    json_t *global;
    json_t *rooms;
};

/* The object of a room, which is made with its first datum; borrowed. */
static json_t *room_of(json_t *rooms, const char *room_id)
{
    json_t *room = json_object_get(rooms, room_id);

    if (!room && json_object_set_new(rooms, room_id, json_object()) == 0)
        room = json_object_get(rooms, room_id);
    return room;
}

/* What is no JSON, which no client has set, is shown as nothing. */
static json_t *content_of(const char *text)
{
    json_t *content = json_loads(text, JSON_ALLOW_NUL, NULL);

    return content ? content : json_object();
}

/* Push rules are not shown, as with Synapse, which keeps them elsewhere. */
static enum err add_datum(const struct account_data *data, void *context)
{
    struct listing *listing = context;
    json_t *place = *data->room_id ? room_of(listing->rooms, data->room_id) : listing->global;

    if (strcmp(data->type, "m.push_rules") == 0)
        return ERR_OK;
    return json_object_set_new(place, data->type, content_of(data->content)) < 0 ? ERR_NOMEM : ERR_OK;
}

json_t *user_account_data_get(struct call *call)
{
    const char *localpart =
        call_existing_user(call, call->parameters[0], "Can only look up local users", "User not found");
    struct listing listing;
    json_t *answer;
    enum err e;

    if (!localpart)
        return NULL;
    listing = (struct listing){json_object(), json_object()};
    answer = json_pack("{s:{s:o, s:o}}", "account_data", "global", listing.global, "rooms", listing.rooms);
    e = answer
            ? account_data_list(call->app->db, localpart, call->app->config->server_name, add_datum, &listing)
            : ERR_NOMEM;
    if (e) {
        json_decref(answer);
        return call_fail_err(call, e);
    }
    return answer;
}

/* Of these the server itself sees to the content. */
static const char *const kept_by_server[] = {"m.fully_read", "m.push_rules"};

/* Whether the path's user is the caller; false after the answer has become 403. */
static bool is_own(struct call *call, const char *text)
{
    if (strcmp(call->parameters[0], call->caller.user_id) == 0)
        return true;
    call_fail(call, API_FORBIDDEN, text);
    return false;
}

json_t *own_account_data_get(struct call *call)
{
    const struct account_data data = {
        .localpart = call->caller.owner.localpart,
        .server_name = call->app->config->server_name,
        .room_id = "",
        .type = call->parameters[1],
    };
    const char *content;
    enum err e;

    if (!is_own(call, "Cannot get account data for other users."))
        return NULL;
    e = account_data_find(call->app->db, &data, call->arena, &content);
    if (e)
        return call_fail_absent(call, e, "Account data not found");
    return content_of(content);
}

json_t *own_account_data_put(struct call *call)
{
    const char *type = call->parameters[1];
    json_t *json;
    char *text;
    enum err e;

    if (!is_own(call, "Cannot add account data for other users.") || !(json = call_json(call)))
        return NULL;
    for (size_t i = 0; i < sizeof kept_by_server / sizeof *kept_by_server; i++)
        if (strcmp(type, kept_by_server[i]) == 0)
            return call_fail(call, API_KEPT_BY_SERVER, NULL);
    text = json_dumps(json, JSON_COMPACT);
    e = text ? homeserver_set_account_data(&call->homeserver, call->caller.owner.localpart, type, text)
             : ERR_NOMEM;
    free(text);
    return e ? call_fail_err(call, e) : json_object();
}
