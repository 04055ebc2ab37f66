/* SPDX-License-Identifier: ISC */
/* A user and the rooms: Synapse's joined_rooms, memberships and the two counts. */
#include <string.h>

#include "handler/handlers.h"
#include "handler/parameters.h"
#include "store/user_rooms.h"

/* The path's user, also one of another server or one that nobody knows; NULL after the answer has become that
 * of a malformed id. */
static const char *read_user(struct call *call)
{
    return call_user_id(call, call->parameters[0]) ? call->parameters[0] : NULL;
}

static enum err add_joined(const char *room_id, const char *membership, void *context)
{
    if (strcmp(membership, "join") != 0)
        return ERR_OK;
    return json_array_append_new(context, json_string(room_id)) < 0 ? ERR_NOMEM : ERR_OK;
}

static enum err add_membership(const char *room_id, const char *membership, void *context)
{
    return json_object_set_new(context, room_id, json_string(membership)) < 0 ? ERR_NOMEM : ERR_OK;
}

/* What `each` makes of the user's rooms in `rooms`, which is taken over, under `key`, and how many they are.
 */
static json_t *list_rooms(struct call *call, const char *key, json_t *rooms,
                          enum err (*each)(const char *, const char *, void *))
{
    const char *user_id = read_user(call);
    json_t *answer = NULL;
    enum err e;

    if (!user_id)
        goto out;
    e = rooms ? user_rooms_list(call->app->db, user_id, each, rooms) : ERR_NOMEM;
    if (e)
        call_fail_err(call, e);
    else
        answer =
            json_pack("{s:O, s:I}", key, rooms, "total",
                      (json_int_t)(json_is_array(rooms) ? json_array_size(rooms) : json_object_size(rooms)));
out:
    json_decref(rooms);
    return answer;
}

json_t *user_joined_rooms_get(struct call *call)
{
    return list_rooms(call, "joined_rooms", json_array(), add_joined);
}

json_t *user_memberships_get(struct call *call)
{
    return list_rooms(call, "memberships", json_object(), add_membership);
}

static json_t *count_since(struct call *call, const char *key,
                           enum err (*counted)(struct db *, const char *, int64_t, int64_t *))
{
    const char *user_id = read_user(call);
    int64_t from_ts, count = 0;
    enum err e;

    if (!user_id || !parameter_required_integer(call, "from_ts", &from_ts))
        return NULL;
    e = counted(call->app->db, user_id, from_ts, &count);
    return e ? call_fail_err(call, e) : json_pack("{s:I}", key, (json_int_t)count);
}

json_t *user_invite_count_get(struct call *call)
{
    return count_since(call, "invite_count", user_rooms_invited_since);
}

json_t *user_joined_count_get(struct call *call)
{
    return count_since(call, "cumulative_joined_room_count", user_rooms_joined_since);
}
