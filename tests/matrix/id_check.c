/* SPDX-License-Identifier: ISC */
/* Says of each text what it is accepted as. The texts come on standard input, in hex, one a line. */
#include <stdio.h>
#include <string.h>

#include "matrix/room_id.h"

#define TEXT_MAX 1024

static bool read_hex(const char *line, char text[TEXT_MAX])
{
    size_t size = 0;
    unsigned byte;

    for (; size + 1 < TEXT_MAX && sscanf(line, "%2x", &byte) == 1; line += 2)
        text[size++] = (char)byte;
    text[size] = '\0';
    return size + 1 < TEXT_MAX;
}

int main(void)
{
    char line[2 * TEXT_MAX + 2], text[TEXT_MAX];
    struct user_id user;
    struct room_id room;
    struct room_alias alias;

    while (fgets(line, sizeof line, stdin)) {
        if (!read_hex(line, text))
            return 1;
        printf("%d %d %d %d %d\n", server_name_valid(text), user_id_parse(text, &user),
               room_id_parse(text, &room), room_alias_parse(text, &alias), event_id_valid(text));
    }
    return 0;
}
