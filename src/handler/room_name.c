/* SPDX-License-Identifier: ISC */
#include "handler/room_name.h"
#include "matrix/room_id.h"
#include "store/room_aliases.h"

static const char *find_alias(struct call *call, const char *alias)
{
    const char *room_id = NULL, *creator;
    enum err e = room_aliases_find(call->app->db, alias, call->arena, &room_id, &creator);

    if (!e)
        return room_id;
    call_fail_absent(call, e, arena_printf(call->arena, "Room alias %s not found", alias));
    return NULL;
}

const char *call_room(struct call *call, const char *text)
{
    struct room_alias alias;
    const char *room_id = NULL;

    if (room_id_valid(text))
        room_id = text;
    else if (room_alias_parse(text, &alias))
        room_id = find_alias(call, text);
    else
        call_fail(call, API_BAD_REQUEST,
                  arena_printf(call->arena, "%s was not legal room ID or room alias", text));
    if (room_id)
        call->audit.row.target = room_id; /* rather than a name that may lead elsewhere later */
    return room_id;
}
