/* SPDX-License-Identifier: ISC */
/* What the answers about rooms have in common. */
#ifndef HANDLER_ROOM_LIST_H
#define HANDLER_ROOM_LIST_H

#include <jansson.h>

#include "base/arena.h"
#include "store/room_list.h"

/* A room as lists show it; NULL when memory is gone. */
json_t *room_row(struct arena *arena, const struct listed_room *room);

/* A text of a room's state, which may be anything, or null for NULL; NULL when memory is gone. */
json_t *room_text(struct arena *arena, const char *text);

#endif
