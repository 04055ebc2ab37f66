/* SPDX-License-Identifier: ISC */
/* Synapse's make_room_admin: a user gets the power that the strongest local user in a room has. */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/room_name.h"
#include "matrix/id.h"

/* False after the answer has become that to no user of any server. One of ours has to be there: whoever took
 * the name later would have the power. */
static bool check_user(struct call *call, const char *user_id)
{
    struct user_id id;

    if (!call_user_id(call, user_id))
        return false;
    if (!user_id_parse(user_id, &id) || strcmp(id.server_name, call->app->config->server_name) != 0)
        return true;
    return call_existing_user(call, user_id, NULL, "User not found") != NULL;
}

json_t *room_admin_post(struct call *call)
{
    static const struct field fields[] = {{.name = "user_id", .type = FIELD_STRING}};
    json_t *object = call->body_size > 0 ? call_json(call) : NULL;
    const char *user_id = call->caller.user_id, *room_id;
    enum err e;

    if ((call->body_size > 0 && !object) || (object && !fields_decode(call, object, fields, 1, &user_id)))
        return NULL;
    room_id = call_room(call, call->parameters[0]);
    if (!room_id || !check_user(call, user_id))
        return NULL;
    e = homeserver_make_admin(&call->homeserver, room_id, user_id);
    if (e == ERR_NOT_FOUND)
        return call_fail(call, API_BAD_REQUEST, "Server not in room");
    if (e == ERR_INVALID && !call->homeserver.reason)
        return call_fail(call, API_BAD_REQUEST, ROOM_VERSION_UNKNOWN);
    return e ? call_fail_err(call, e) : json_object();
}
