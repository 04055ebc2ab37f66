/* SPDX-License-Identifier: ISC */
/* A user is given the power that the strongest local user in a room has, by that one. */
#include "homeserver/dendrite/ask.h"
#include "homeserver/room_rights.h"
#include "matrix/id.h"

static enum err plan(struct homeserver *hs, const char *room_id, const char *user_id, struct arena *arena,
                     struct promotion *promotion)
{
    struct room_rights rights;
    enum err e = room_rights_begin(&rights, hs, room_id, arena);

    return e ? e : room_rights_end(&rights, room_rights_promote(&rights, user_id, promotion));
}

static enum err send_levels(struct homeserver *hs, const char *room_id, const char *admin, json_t *levels)
{
    enum err e = dendrite_ask(hs,
                              &(struct question){.endpoint = ENDPOINT_STATE,
                                                 .segments = {room_id, "m.room.power_levels", ""},
                                                 .as_user = admin,
                                                 .body = json_incref(levels)},
                              NULL);

    return e == ERR_DENIED ? dendrite_fail(hs, ERR_INVALID, PROMOTION_DENIED) : e;
}

static enum err invite(struct homeserver *hs, const char *room_id, const char *admin, const char *user_id)
{
    return dendrite_ask(hs,
                        &(struct question){.endpoint = ENDPOINT_INVITE,
                                           .segments = {room_id},
                                           .as_user = admin,
                                           .body = json_pack("{s:s}", "user_id", user_id)},
                        NULL);
}

enum err dendrite_make_admin(struct homeserver *hs, const char *room_id, const char *user_id)
{
    struct arena *arena = arena_new();
    struct promotion promotion = {0};
    struct user_id admin;
    enum err e = arena ? dendrite_need_service(hs) : ERR_NOMEM;

    if (!e)
        e = plan(hs, room_id, user_id, arena, &promotion);
    if (!e && !user_id_parse(promotion.admin, &admin))
        e = ERR_CORRUPT;
    if (!e && promotion.levels)
        e = send_levels(hs, room_id, admin.localpart, promotion.levels);
    if (!e && promotion.invites)
        e = invite(hs, room_id, admin.localpart, user_id);
    json_decref(promotion.levels);
    arena_free(&arena);
    return e;
}
