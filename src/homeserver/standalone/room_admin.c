/* SPDX-License-Identifier: ISC */
/* A user is given the power that the strongest local user in a room has. */
#include "homeserver/room_rights.h"
#include "homeserver/standalone/member.h"
#include "homeserver/standalone/standalone.h"

static enum err append_levels(struct room *room, const struct promotion *promotion)
{
    const struct new_event event = {
        .sender = promotion->admin,
        .type = "m.room.power_levels",
        .state_key = "",
        .content = promotion->levels,
    };
    char event_id[ID_SIZE];

    return room_append(room, &event, event_id);
}

/* Appends what was planned. */
static enum err append(struct homeserver *hs, const struct room_writer *writer, const char *room_id,
                       const char *user_id, const struct promotion *promotion)
{
    struct room *room = NULL;
    enum err e = room_open(&room, writer, room_id);

    if (!e && promotion->levels)
        e = append_levels(room, promotion);
    if (e == ERR_DENIED) {
        homeserver_reason(hs, PROMOTION_DENIED);
        e = ERR_INVALID;
    }
    if (!e && promotion->invites)
        e = room_invite(room, promotion->admin, user_id, NULL);
    return room_close(&room, e);
}

/* Plans and does it, in the transaction that is open. */
static enum err promote(struct homeserver *hs, const struct room_writer *writer, const char *room_id,
                        const char *user_id)
{
    struct room_rights rights;
    struct promotion promotion = {0};
    enum err e = room_rights_open(&rights, hs, room_id, writer->arena);

    if (!e)
        e = room_rights_promote(&rights, user_id, &promotion);
    room_rights_close(&rights);
    if (!e)
        e = append(hs, writer, room_id, user_id, &promotion);
    json_decref(promotion.levels);
    return e;
}

enum err standalone_make_admin(struct homeserver *hs, const char *room_id, const char *user_id)
{
    struct arena *arena = arena_new();
    struct room_writer writer = {0};
    enum err e = arena ? room_writer_open(&writer, hs, arena) : ERR_NOMEM;

    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    if (!e)
        e = db_end(hs->db, promote(hs, &writer, room_id, user_id));
    room_writer_close(&writer);
    arena_free(&arena);
    return e;
}
