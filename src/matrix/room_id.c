/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/utf8.h"
#include "matrix/room_id.h"

/* `sigil`, a local part that is not empty, ":" and a server name. */
static bool parse(const char *text, char sigil, char localpart[ID_SIZE], char server_name[ID_SIZE])
{
    size_t length = strnlen(text, ID_SIZE), before;
    const char *colon;

    if (length >= ID_SIZE || text[0] != sigil || !utf8_valid(text, length))
        return false;
    colon = strchr(text, ':');
    if (!colon || colon == text + 1 || !server_name_valid(colon + 1))
        return false;
    before = (size_t)(colon - text) - 1;
    memcpy(localpart, text + 1, before);
    localpart[before] = '\0';
    memcpy(server_name, colon + 1, length - before - 1);
    return true;
}

bool room_id_parse(const char *text, struct room_id *id)
{
    return parse(text, '!', id->opaque, id->server_name);
}

bool room_alias_parse(const char *text, struct room_alias *alias)
{
    return parse(text, '#', alias->localpart, alias->server_name);
}

static bool opaque_valid(const char *text, char sigil)
{
    size_t length = strnlen(text, ID_SIZE);

    return length > 1 && length < ID_SIZE && text[0] == sigil && utf8_valid(text, length);
}

bool room_id_valid(const char *text)
{
    return opaque_valid(text, '!');
}

bool event_id_valid(const char *text)
{
    return opaque_valid(text, '$');
}
