/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/config.h"

#define MAPPED_BITS 96 /* of ::ffff:0:0/96, RFC 4291 section 2.5.5.2 */

/* An address as IPv6, in network order; IPv4 is mapped. `bits` of it count. */
struct prefix {
    unsigned char bytes[16];
    unsigned bits;
};

static bool parse_address(const char *text, struct prefix *prefix)
{
    static const unsigned char mapped[MAPPED_BITS / 8] = {[10] = 0xff, [11] = 0xff};

    prefix->bits = 128;
    if (inet_pton(AF_INET6, text, prefix->bytes) == 1)
        return true;
    memcpy(prefix->bytes, mapped, sizeof mapped);
    return inet_pton(AF_INET, text, prefix->bytes + sizeof mapped) == 1;
}

static bool parse_prefix(const char *text, struct prefix *prefix)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchrnul(text, '/');
    size_t length = (size_t)(slash - text);
    size_t digits = *slash ? strspn(slash + 1, "0123456789") : 0;
    unsigned bits, width;

    if (length >= sizeof address)
        return false;
    memcpy(address, text, length);
    address[length] = '\0';
    if (!parse_address(address, prefix))
        return false;
    if (!*slash)
        return true;
    if (digits < 1 || digits > 3 || slash[1 + digits])
        return false;
    bits = (unsigned)atoi(slash + 1);
    width = strchr(address, ':') ? 128 : 32;
    prefix->bits = 128 - width + bits;
    return bits <= width;
}

static bool contains(const struct prefix *prefix, const struct prefix *address)
{
    unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;

    if (memcmp(prefix->bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (prefix->bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

bool address_prefix_valid(const char *text)
{
    struct prefix prefix;

    return parse_prefix(text, &prefix);
}

bool address_in_list(const char *address, const struct config_list *list)
{
    struct prefix wanted, entry;

    if (!parse_address(address, &wanted))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (parse_prefix(list->items[i], &entry) && contains(&entry, &wanted))
            return true;
    return false;
}
