/* SPDX-License-Identifier: ISC */
/* Room ids, room aliases and event ids (Matrix Appendices, "Common Identifier Format"). Pure: no I/O. */
#ifndef MATRIX_ROOM_ID_H
#define MATRIX_ROOM_ID_H

#include <stdbool.h>

#include "matrix/id.h"

/* The two parts of "!opaque:server_name", and of "#alias:server_name". */
struct room_id {
    char opaque[ID_SIZE]; /* not empty, any character but ":" */
    char server_name[ID_SIZE];
};

struct room_alias {
    char localpart[ID_SIZE]; /* as above */
    char server_name[ID_SIZE];
};

/* Take one apart; false when it is not of that form, not valid UTF-8, or longer than 255 bytes. */
bool room_id_parse(const char *text, struct room_id *id);
bool room_alias_parse(const char *text, struct room_alias *alias);

/*
 * Whether `text` is "!" and at least one more character, valid UTF-8, and not longer than 255 bytes: from
 * room version 12 on there is no server name in it.
 */
bool room_id_valid(const char *text);

/* Whether `text` is "$" and at least one more character, valid UTF-8, and not longer than 255 bytes. */
bool event_id_valid(const char *text);

#endif
