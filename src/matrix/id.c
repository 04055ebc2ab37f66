/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <string.h>

#include "base/utf8.h"
#include "matrix/id.h"

#define DIGITS  "0123456789"
#define LOWER   "abcdefghijklmnopqrstuvwxyz"
#define LETTERS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

#define PORT_DIGITS_MAX 5
#define PORT_MAX        65535

/* Whether the `size` bytes at `text` are all of `set`. */
static bool all_of(const char *text, size_t size, const char *set)
{
    for (size_t i = 0; i < size; i++)
        if (!text[i] || !strchr(set, text[i]))
            return false;
    return true;
}

/* What follows a host: nothing, or ":" and a port. */
static bool port_valid(const char *text)
{
    size_t length = strlen(text);
    long port = 0;

    if (length == 0)
        return true;
    if (text[0] != ':' || length < 2 || length > 1 + PORT_DIGITS_MAX || !all_of(text + 1, length - 1, DIGITS))
        return false;
    for (size_t i = 1; i < length; i++)
        port = port * 10 + (text[i] - '0');
    return port <= PORT_MAX;
}

/* The length of "[IPv6]" at the start of `text`, 0 if there is none. The grammar is inet_pton(3)'s. */
static size_t ipv6_length(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    size_t length = strcspn(text + 1, "]");

    if (text[1 + length] != ']' || length >= sizeof address)
        return 0;
    memcpy(address, text + 1, length);
    address[length] = '\0';
    return inet_pton(AF_INET6, address, bytes) == 1 ? length + 2 : 0;
}

bool server_name_valid(const char *text)
{
    size_t length;

    if (strlen(text) >= ID_SIZE)
        return false;
    /* An IPv4 address has the form of a DNS name. */
    length = text[0] == '[' ? ipv6_length(text) : strspn(text, DIGITS LETTERS "-.");
    return length > 0 && port_valid(text + length);
}

bool user_id_parse(const char *text, struct user_id *id)
{
    size_t length = strlen(text), localpart;

    if (length >= ID_SIZE || text[0] != '@' || !utf8_valid(text, length))
        return false;
    localpart = strcspn(text + 1, ":");
    if (text[1 + localpart] != ':' || !server_name_valid(text + 1 + localpart + 1))
        return false;
    memcpy(id->localpart, text + 1, localpart);
    id->localpart[localpart] = '\0';
    strcpy(id->server_name, text + 1 + localpart + 1);
    return true;
}

enum localpart localpart_check(const char *localpart, const char *server_name)
{
    size_t length = strlen(localpart);

    if (length == 0)
        return LOCALPART_EMPTY;
    if (!all_of(localpart, length, LOWER DIGITS "=_-./+"))
        return LOCALPART_CHARACTERS;
    if (localpart[0] == '_')
        return LOCALPART_UNDERSCORE;
    if (strlen("@:") + length + strlen(server_name) >= ID_SIZE)
        return LOCALPART_TOO_LONG;
    if (all_of(localpart, length, DIGITS))
        return LOCALPART_NUMERIC;
    return LOCALPART_OK;
}
