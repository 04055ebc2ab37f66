/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "crypto/base64.h"

/* RFC 4648 section 4, table 1; section 5, table 2. */
static const char *const alphabets[] = {
    [BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void base64_encode(enum base64_alphabet alphabet, const void *bytes, size_t size, char *text)
{
    const char *digits = alphabets[alphabet];
    const unsigned char *at = bytes;
    unsigned bits = 0;
    unsigned count = 0; /* bits not yet written; fewer than 6 between two bytes */

    for (; size > 0; size--) {
        bits = (bits << 8 | *at++) & 0x3fff;
        for (count += 8; count >= 6; count -= 6)
            *text++ = digits[bits >> (count - 6) & 0x3f];
    }
    if (count > 0)
        *text++ = digits[bits << (6 - count) & 0x3f];
    *text = '\0';
}

/* The value of a digit, or -1; `*alphabet` is that of the digits so far, -1 while they were common to both.
 */
static int digit_value(char digit, int *alphabet)
{
    for (int i = BASE64_STANDARD; i <= BASE64_URL; i++) {
        const char *found = digit ? strchr(alphabets[i], digit) : NULL;
        int value = found ? (int)(found - alphabets[i]) : -1;

        if (value >= 62 && *alphabet >= 0 && *alphabet != i)
            return -1;
        if (value >= 62)
            *alphabet = i;
        if (value >= 0)
            return value;
    }
    return -1;
}

/* The number of digits of `text`, or false: its padding is not what RFC 4648 section 4 asks for. */
static bool digit_count(const char *text, size_t *count)
{
    size_t padding;

    *count = strcspn(text, "=");
    padding = strspn(text + *count, "=");
    if (text[*count + padding] || *count % 4 == 1)
        return false;
    return padding == 0 || padding == (4 - *count % 4) % 4;
}

enum err base64_decode(const char *text, void *bytes, size_t *size)
{
    unsigned char *at = bytes;
    unsigned bits = 0;
    unsigned have = 0; /* bits not yet written; fewer than 8 between two digits */
    int alphabet = -1;
    size_t count;

    if (!digit_count(text, &count))
        return ERR_INVALID;
    if (count / 4 * 3 + count % 4 * 3 / 4 > *size)
        return ERR_TOO_LARGE;
    *size = count / 4 * 3 + count % 4 * 3 / 4;
    for (; count > 0; count--) {
        int value = digit_value(*text++, &alphabet);

        if (value < 0)
            return ERR_INVALID;
        bits = (bits << 6 | (unsigned)value) & 0x3fff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            *at++ = (unsigned char)(bits >> have);
        }
    }
    return (bits & ((1U << have) - 1)) == 0 ? ERR_OK : ERR_INVALID;
}

void hex_encode(const void *bytes, size_t size, char *text)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = bytes;

    for (; size > 0; size--, at++) {
        *text++ = digits[*at >> 4];
        *text++ = digits[*at & 0xf];
    }
    *text = '\0';
}
