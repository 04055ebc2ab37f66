/* SPDX-License-Identifier: ISC */
#include <stddef.h>
#include <string.h>

#include "matrix/room_version.h"

/* clang-format off */
#define STORED  EVENT_ID_STORED
#define BASE64  EVENT_ID_BASE64
#define URL     EVENT_ID_BASE64_URL
#define LENIENT CANONICAL_JSON_LENIENT
#define STRICT  CANONICAL_JSON_STRICT
#define NUMBER  POWER_LEVEL_ANY_NUMBER
#define STRING  POWER_LEVEL_STRING
#define INTEGER POWER_LEVEL_INTEGER

/*
 * In the order of the struct. What the redaction algorithm changes stands in the tables of redaction.c. The last
 * nine columns: aliases and redactions authorised, notification levels; knock, restricted, knock_restricted;
 * creator is the sender, redacts in the content; creators privileged.
 */
static const struct room_version versions[] = {
    {"1",   1, STORED, LENIENT, NUMBER,  true,  true,  false, false, false, false, false, false, false},
    {"2",   2, STORED, LENIENT, NUMBER,  true,  true,  false, false, false, false, false, false, false},
    {"3",   3, BASE64, LENIENT, NUMBER,  true,  false, false, false, false, false, false, false, false},
    {"4",   4, URL,    LENIENT, NUMBER,  true,  false, false, false, false, false, false, false, false},
    {"5",   5, URL,    LENIENT, NUMBER,  true,  false, false, false, false, false, false, false, false},
    {"6",   6, URL,    STRICT,  STRING,  false, false, true,  false, false, false, false, false, false},
    {"7",   7, URL,    STRICT,  STRING,  false, false, true,  true,  false, false, false, false, false},
    {"8",   8, URL,    STRICT,  STRING,  false, false, true,  true,  true,  false, false, false, false},
    {"9",   9, URL,    STRICT,  STRING,  false, false, true,  true,  true,  false, false, false, false},
    {"10", 10, URL,    STRICT,  INTEGER, false, false, true,  true,  true,  true,  false, false, false},
    {"11", 11, URL,    STRICT,  INTEGER, false, false, true,  true,  true,  true,  true,  true,  false},
    {"12", 12, URL,    STRICT,  INTEGER, false, false, true,  true,  true,  true,  true,  true,  true},
};
/* clang-format on */

const struct room_version *room_version_known(const char *name)
{
    if (!name)
        name = "1";
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        if (strcmp(versions[i].name, name) == 0)
            return &versions[i];
    return NULL;
}

/* The ids and the authorisation rules of version 12 are others. */
const struct room_version *room_version_find(const char *name)
{
    const struct room_version *version = room_version_known(name);

    return version && !version->creators_privileged ? version : NULL;
}
