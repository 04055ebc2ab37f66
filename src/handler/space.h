/* SPDX-License-Identifier: ISC */
/* A room as a space shows it, and its children ("Client-Server API", "Spaces"). */
#ifndef HANDLER_SPACE_H
#define HANDLER_SPACE_H

#include "handler/call.h"
#include "store/rooms.h"

/*
 * The children of a room, in the order in which they are shown: stripped events, as a new array. A child that
 * names no server to join it by is none. The caller frees it, also after an error.
 */
MUST_CHECK enum err space_children(struct call *call, const char *room_id, json_t **children);

/* The entry of a room, with its children; as above. */
MUST_CHECK enum err space_room(struct call *call, const struct room_row *room, json_t *children,
                               json_t **entry);

#endif
