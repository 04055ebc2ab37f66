/* SPDX-License-Identifier: ISC */
/* Synapse's forward_extremities: the events that a room's history ends with, and making them one. */
#include <string.h>

#include "handler/handlers.h"
#include "handler/room_name.h"
#include "matrix/id.h"
#include "store/extremities.h"

/* When it came is known of what a user of this server has sent; NULL when memory is gone. */
static json_t *show(const struct call *call, const struct extremity_row *row)
{
    struct user_id sender;
    bool local = row->sender && user_id_parse(row->sender, &sender) &&
                 strcmp(sender.server_name, call->app->config->server_name) == 0;

    return json_pack("{s:s, s:o, s:I, s:o}", "event_id", row->event_id, "state_group",
                     row->snapshot_nid ? json_integer(row->snapshot_nid) : json_null(), "depth",
                     (json_int_t)row->depth, "received_ts",
                     local ? json_integer(row->origin_server_ts) : json_null());
}

json_t *extremities_get(struct call *call)
{
    const char *room_id = call_room(call, call->parameters[0]);
    struct extremity_row *rows;
    json_t *results;
    size_t count;
    enum err e;

    if (!room_id)
        return NULL;
    e = extremities_list(call->app->db, room_id, call->arena, &rows, &count);
    if (e)
        return call_fail_err(call, e);
    results = json_array();
    for (size_t i = 0; i < count; i++)
        if (json_array_append_new(results, show(call, &rows[i])) < 0) {
            json_decref(results);
            return NULL;
        }
    return json_pack("{s:I, s:o}", "count", (json_int_t)count, "results", results);
}

json_t *extremities_delete(struct call *call)
{
    struct extremity_merge merge = {.helper = call->caller.owner.localpart};
    const char *room_id = call_room(call, call->parameters[0]);
    enum err e;

    if (!room_id)
        return NULL;
    e = homeserver_merge_extremities(&call->homeserver, room_id, &merge, call->arena);
    if (e == ERR_INVALID && !call->homeserver.reason)
        return call_fail(call, API_BAD_REQUEST, ROOM_VERSION_UNKNOWN);
    if (e)
        return call_fail_absent(call, e, "Room not found");
    return json_pack("{s:I, s:s*}", "deleted", (json_int_t)(merge.before - merge.left), "job_id",
                     merge.job_id);
}
