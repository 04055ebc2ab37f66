/* SPDX-License-Identifier: ISC */
/* Synapse's join: an admin has a local user join a room. */
#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/room_name.h"

static json_t *fail(struct call *call, enum err e)
{
    if (e == ERR_NOT_FOUND)
        return call_fail(call, API_NO_SERVERS, NULL);
    if (e == ERR_DEACTIVATED)
        return call_fail(call, API_USER_DEACTIVATED, NULL);
    if (e == ERR_DENIED && !call->homeserver.reason)
        return call_fail(call, API_FORBIDDEN, "The room does not let this user in");
    if (e == ERR_INVALID && !call->homeserver.reason)
        return call_fail(call, API_BAD_REQUEST, "The version of this room is not supported");
    return call_fail_err(call, e);
}

json_t *room_join_post(struct call *call)
{
    static const struct field fields[] = {{.name = "user_id", .type = FIELD_STRING, .required = true}};
    json_t *object = call_json(call);
    const char *user_id = NULL, *localpart, *room_id;
    enum err e;

    if (!object || !fields_decode(call, object, fields, 1, &user_id))
        return NULL;
    localpart = call_existing_user(call, user_id, "This endpoint can only be used with local users",
                                   "User not found");
    room_id = localpart ? call_room(call, call->parameters[0]) : NULL;
    if (!room_id)
        return NULL;
    e = homeserver_add_member(&call->homeserver, localpart, room_id, call->caller.owner.localpart);
    return e ? fail(call, e) : json_pack("{s:s}", "room_id", room_id);
}
