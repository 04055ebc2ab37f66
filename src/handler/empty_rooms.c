/* SPDX-License-Identifier: ISC */
/* Dendrite's emptyRooms. */
#include "handler/handlers.h"
#include "store/rooms.h"

static enum err list_room(const char *room_id, void *context)
{
    return json_array_append_new(context, json_string(room_id)) ? ERR_NOMEM : ERR_OK;
}

/* Slice by slice, each of which sees the database as it is then: a reader that stayed would hold others up.
 */
json_t *empty_rooms_get(struct call *call)
{
    json_t *rooms = json_array();
    int64_t after = 0;
    bool done = false;
    enum err e = ERR_OK;

    while (!e && !done)
        e = rooms_empty(call->app->db, &after, &done, list_room, rooms);
    if (!e)
        return json_pack("{s:o}", "empty_rooms", rooms);
    json_decref(rooms);
    return call_fail_err(call, e);
}
