/* SPDX-License-Identifier: ISC */
/* Synapse's statistics of the largest rooms. */
#include "handler/handlers.h"
#include "handler/room_list.h"
#include "homeserver/upkeep.h"
#include "store/room_sizes.h"

#define LARGEST 10

json_t *room_sizes_get(struct call *call)
{
    struct room_size *sizes = NULL;
    size_t count = 0;
    json_t *rooms = json_array();
    enum err e = rooms ? upkeep_room_sizes(&call->homeserver) : ERR_NOMEM;

    if (!e)
        e = room_sizes_largest(call->app->db, LARGEST, call->arena, &sizes, &count);
    for (size_t i = 0; !e && i < count; i++)
        if (json_array_append_new(rooms,
                                  json_pack("{s:o, s:I}", "room_id", room_text(call->arena, sizes[i].room_id),
                                            "estimated_size", (json_int_t)sizes[i].bytes)) < 0)
            e = ERR_NOMEM;
    if (!e)
        return json_pack("{s:o}", "rooms", rooms);
    json_decref(rooms);
    return call_fail_err(call, e);
}
