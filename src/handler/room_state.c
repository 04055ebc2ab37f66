/* SPDX-License-Identifier: ISC */
/*
 * Who is in a room, and its state. Either is read slice by slice, each of which sees the database as it is
 * then: a reader that stayed would hold others up.
 */
#include <string.h>

#include "base/clock.h"
#include "handler/handlers.h"
#include "matrix/client_event.h"
#include "store/memberships.h"
#include "store/room_state.h"
#include "store/rooms.h"

/* The path's room, also one that only an invitation told us of. False after the answer has become an error.
 */
static bool find_room(struct call *call, struct room_row *room)
{
    enum err e = rooms_find(call->app->db, call->parameters[0], call->arena, room);

    nids_free(&room->latest);
    if (e)
        call_fail_absent(call, e, "Room not found");
    return e == ERR_OK;
}

static enum err list_member(const char *user_id, void *context)
{
    return json_array_append_new(context, json_string(user_id)) ? ERR_NOMEM : ERR_OK;
}

json_t *room_members_get(struct call *call)
{
    struct room_row room;
    json_t *members;
    int64_t after = 0;
    bool done = false;
    enum err e = ERR_OK;

    if (!find_room(call, &room))
        return NULL;
    members = json_array();
    while (!e && !done)
        e = memberships_joined(call->app->db, room.nid, &after, &done, list_member, members);
    if (!e)
        return json_pack("{s:o, s:I}", "members", members, "total", (json_int_t)json_array_size(members));
    json_decref(members);
    return call_fail_err(call, e);
}

struct listing {
    struct client_event about;
    json_t *events;
};

/* What is no JSON, which no server has sent like that, is left out. */
static enum err list_event(const struct room_state_event *event, void *context)
{
    struct listing *listing = context;
    json_t *json = json_loads(event->json, JSON_ALLOW_NUL, NULL);
    enum err e = ERR_OK;

    listing->about.id = event->event_id;
    listing->about.replaces = event->replaces;
    if (json_is_object(json) &&
        json_array_append_new(listing->events, client_event_new(json, &listing->about)) < 0)
        e = ERR_NOMEM;
    json_decref(json);
    return e;
}

json_t *room_state_get(struct call *call)
{
    const char *type = query_get(&call->request.query, "type");
    struct room_state_walk walk = {.room_id = call->parameters[0], .type = type && *type ? type : NULL};
    struct listing listing;
    struct room_row room;
    enum err e = ERR_OK;

    if (!find_room(call, &room))
        return NULL;
    listing = (struct listing){
        .about = {.version = room_version_known(room.version), .room_id = room.id, .now = clock_now_ms()},
        .events = json_array(),
    };
    while (!e && !walk.done)
        e = room_state_next(call->app->db, &walk, call->arena, list_event, &listing);
    if (!e)
        return json_pack("{s:o}", "state", listing.events);
    json_decref(listing.events);
    return call_fail_err(call, e);
}
