/* SPDX-License-Identifier: ISC */
/* Synapse's look at a user's account data. */
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

/* Push rules are not shown, as with Synapse, which keeps them elsewhere. */
static enum err add_datum(const struct account_data *data, void *context)
{
    struct listing *listing = context;
    json_t *place = *data->room_id ? room_of(listing->rooms, data->room_id) : listing->global;
    json_t *content;

    if (strcmp(data->type, "m.push_rules") == 0)
        return ERR_OK;
    content = json_loads(data->content, 0, NULL);
    if (!content) /* no client has set that */
        content = json_object();
    return json_object_set_new(place, data->type, content) < 0 ? ERR_NOMEM : ERR_OK;
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
