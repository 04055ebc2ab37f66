/* SPDX-License-Identifier: ISC */
/* IP addresses and prefixes of them as text: "192.0.2.1", "2001:db8::1", "10.0.0.0/8". */
#ifndef BASE_ADDRESS_H
#define BASE_ADDRESS_H

#include <stdbool.h>

struct config_list;

/* Whether `text` is an address, or an address and "/" and a number of bits that count (RFC 4632, RFC 4291).
 */
bool address_prefix_valid(const char *text);

/*
 * Whether `address` is one of `list`, or within a prefix there; false if it is no IP address. An IPv4 address
 * mapped into IPv6 (::ffff:192.0.2.1), as a socket that serves both reports it, is the IPv4 address.
 */
bool address_in_list(const char *address, const struct config_list *list);

#endif
