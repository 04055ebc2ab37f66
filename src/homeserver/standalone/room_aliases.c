/* SPDX-License-Identifier: ISC */
#include "homeserver/standalone/standalone.h"
#include "store/room_aliases.h"
#include "store/rooms.h"

/* A room of which only an invitation is known is none that anybody could be led to. */
static enum err find_room(struct db *db, const char *room_id, struct arena *arena)
{
    struct room_row room;
    enum err e = rooms_find(db, room_id, arena, &room);

    if (!e && room.latest.count == 0)
        e = ERR_NOT_FOUND;
    nids_free(&room.latest);
    return e;
}

enum err standalone_add_alias(struct homeserver *hs, const char *alias, const char *room_id,
                              const char *creator)
{
    struct arena *arena = arena_new();
    enum err e = arena ? db_begin(hs->db, DB_WRITE) : ERR_NOMEM;

    if (!e) {
        e = find_room(hs->db, room_id, arena);
        if (!e)
            e = room_aliases_add(hs->db, alias, room_id, creator);
        e = db_end(hs->db, e);
    }
    arena_free(&arena);
    return e;
}

enum err standalone_delete_alias(struct homeserver *hs, const char *alias)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, room_aliases_delete(hs->db, alias));
}
