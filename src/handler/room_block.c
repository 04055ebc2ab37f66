/* SPDX-License-Identifier: ISC */
/* Whether users of this server may come to a room, which need not be known here. */
#include "handler/fields.h"
#include "handler/handlers.h"
#include "homeserver/blocks.h"
#include "store/blocked_rooms.h"

json_t *room_block_get(struct call *call)
{
    const char *room_id = call->parameters[0], *user_id = NULL;
    enum err e;

    if (!call_legal_room_id(call, room_id))
        return NULL;
    e = blocked_rooms_find(call->app->db, room_id, call->arena, &user_id);
    if (e == ERR_NOT_FOUND)
        return json_pack("{s:b}", "block", 0);
    return e ? call_fail_err(call, e) : json_pack("{s:b, s:s}", "block", 1, "user_id", user_id);
}

json_t *room_block_put(struct call *call)
{
    struct wish {
        bool block;
    } wish = {false};
    static const struct field fields[] = {
        {.name = "block",
         .type = FIELD_BOOLEAN,
         .offset = offsetof(struct wish, block),
         .null = NULL_IS_INVALID,
         .required = true,
         .invalid = {API_BAD_JSON, "Param 'block' must be a boolean."}},
    };
    const char *room_id = call->parameters[0];
    json_t *object = call_legal_room_id(call, room_id) ? call_json(call) : NULL;
    enum err e;

    if (!object || !fields_decode(call, object, fields, 1, &wish))
        return NULL;
    e = blocks_set(&call->homeserver, room_id, wish.block ? call->caller.user_id : NULL);
    return e ? call_fail_err(call, e) : json_pack("{s:b}", "block", wish.block);
}
