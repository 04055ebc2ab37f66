/* SPDX-License-Identifier: ISC */
/* Synapse's details of a room. */
#include "handler/handlers.h"
#include "handler/room_list.h"
#include "store/room_details.h"

/* The row of the list, and more; NULL when memory is gone. */
static json_t *answer_of(struct arena *arena, const struct room_details *details)
{
    json_t *answer = room_row(arena, &details->listed);
    json_t *more =
        json_pack("{s:o, s:o, s:I, s:b, s:b, s:o}", "avatar", room_text(arena, details->avatar), "topic",
                  room_text(arena, details->topic), "joined_local_devices",
                  (json_int_t)details->joined_local_devices, "forgotten", details->forgotten, "tombstoned",
                  details->tombstoned, "replacement_room", room_text(arena, details->replacement_room));
    bool failed = !answer || !more || json_object_update(answer, more) < 0;

    json_decref(more);
    if (!failed)
        return answer;
    json_decref(answer);
    return NULL;
}

json_t *room_get(struct call *call)
{
    struct room_details details;
    enum err e = room_details_find(call->app->db, call->app->config->server_name, call->parameters[0],
                                   call->arena, &details);

    return e ? call_fail_absent(call, e, "Room not found") : answer_of(call->arena, &details);
}
