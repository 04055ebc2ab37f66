/* SPDX-License-Identifier: ISC */
/* Identifiers: whatever is accepted is exactly its parts put together again, and no longer than it may be. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "matrix/room_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void require_parts(const char *text, char sigil, const char *localpart, const char *server_name)
{
    char whole[2 * ID_SIZE];

    snprintf(whole, sizeof whole, "%c%s:%s", sigil, localpart, server_name);
    require(strcmp(whole, text) == 0);
    require(strlen(text) < ID_SIZE);
    require(!strchr(localpart, ':'));
    require(server_name_valid(server_name));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct user_id user;
    struct room_id room;
    struct room_alias alias;

    require(text);
    memcpy(text, data, size);
    text[size] = '\0';
    if (user_id_parse(text, &user))
        require_parts(text, '@', user.localpart, user.server_name);
    if (room_id_parse(text, &room))
        require_parts(text, '!', room.opaque, room.server_name);
    if (room_alias_parse(text, &alias))
        require_parts(text, '#', alias.localpart, alias.server_name);
    if (event_id_valid(text))
        require(text[0] == '$' && strlen(text) < ID_SIZE);
    if (localpart_check(text, "example.org") == LOCALPART_OK) {
        char id[2 * ID_SIZE];

        /* A name that a new account may have makes a user id that is accepted everywhere. */
        snprintf(id, sizeof id, "@%s:example.org", text);
        require(user_id_parse(id, &user) && strcmp(user.localpart, text) == 0);
    }
    free(text);
    return 0;
}
