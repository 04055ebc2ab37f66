/* SPDX-License-Identifier: ISC */
/* Synapse's join: an admin has a local user join a room. */
#include <string.h>

#include "base/list.h"
#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/room_name.h"
#include "matrix/room_id.h"

static json_t *fail(struct call *call, enum err e)
{
    if (e == ERR_NOT_FOUND)
        return call_fail(call, API_NO_SERVERS, NULL);
    if (e == ERR_DEACTIVATED)
        return call_fail(call, API_USER_DEACTIVATED, NULL);
    if (e == ERR_DENIED && !call->homeserver.reason)
        return call_fail(call, API_FORBIDDEN, "The room does not let this user in");
    if (e == ERR_INVALID && !call->homeserver.reason)
        return call_fail(call, API_BAD_REQUEST, ROOM_VERSION_UNKNOWN);
    return call_fail_err(call, e);
}

/* The room that the path names; a Dendrite finds out where an alias of another server leads. */
static const char *read_room(struct call *call)
{
    const char *text = call->parameters[0];
    struct room_alias alias;

    if (db_attached(call->app->db) && room_alias_parse(text, &alias) &&
        strcmp(alias.server_name, call->app->config->server_name) != 0)
        return text;
    return call_room(call, text);
}

/* The servers that know the room, from any number of parameters; false when memory is gone. */
static bool read_servers(struct call *call, struct id_list *servers)
{
    const struct query *query = &call->request.query;
    struct list list = {.arena = call->arena, .item_size = sizeof *servers->ids};

    for (size_t i = 0; i < query->count; i++) {
        const char **server;

        if (strcmp(query->parameters[i].name, "server_name") != 0 || !*query->parameters[i].value)
            continue;
        server = list_add(&list);
        if (!server)
            return false;
        *server = query->parameters[i].value;
    }
    *servers = (struct id_list){.ids = list.items, .count = list.count};
    return true;
}

json_t *room_join_post(struct call *call)
{
    static const struct field fields[] = {{.name = "user_id", .type = FIELD_STRING, .required = true}};
    json_t *object = call_json(call);
    struct new_member member = {.inviter = call->caller.owner.localpart};
    const char *user_id = NULL, *room_id;
    enum err e;

    if (!object || !fields_decode(call, object, fields, 1, &user_id))
        return NULL;
    member.localpart = call_existing_user(call, user_id, "This endpoint can only be used with local users",
                                          "User not found");
    member.room_id = member.localpart ? read_room(call) : NULL;
    if (!member.room_id || !read_servers(call, &member.servers))
        return NULL;
    e = homeserver_add_member(&call->homeserver, &member, call->arena, &room_id);
    return e ? fail(call, e) : json_pack("{s:s}", "room_id", room_id);
}
