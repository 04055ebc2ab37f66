/* SPDX-License-Identifier: ISC */
/* Matrix identifiers (Matrix Appendices, "Common Identifier Format"). Pure: no I/O. */
#ifndef MATRIX_ID_H
#define MATRIX_ID_H

#include <stdbool.h>

#define ID_SIZE 256 /* the longest identifier, 255 bytes, and the NUL */

/* The two parts of "@localpart:server_name". */
struct user_id {
    char localpart[ID_SIZE];
    char server_name[ID_SIZE];
};

/*
 * Takes a user id apart. Historical localparts (any character but ":" and NUL) are accepted, as the
 * specification asks of servers. False when it is not of the form "@localpart:server_name", the server name
 * does not follow its grammar, or it is longer than 255 bytes.
 */
bool user_id_parse(const char *text, struct user_id *id);

/* Whether `text` follows the grammar of a server name: host name, IPv4 or [IPv6] address, and an optional
 * port. */
bool server_name_valid(const char *text);

/* What is wrong with a localpart for a new account; LOCALPART_OK if nothing. */
enum localpart {
    LOCALPART_OK,
    LOCALPART_EMPTY,
    LOCALPART_CHARACTERS, /* other than a-z 0-9 = _ - . / + */
    LOCALPART_UNDERSCORE, /* begins with "_" */
    LOCALPART_TOO_LONG,   /* the whole id would be longer than 255 bytes */
    LOCALPART_NUMERIC     /* digits only: reserved for guests */
};
enum localpart localpart_check(const char *localpart, const char *server_name);

#endif
