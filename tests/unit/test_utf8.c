/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static void test_sequences(void **state)
{
    static const struct {
        const char *bytes;
        size_t size, length;
    } rows[] = {
        {"", 0, 0},
        {"a", 1, 1},
        {"\0", 1, 1},
        {"\x7f", 1, 1},
        {"ab", 2, 1},
        {"\xc2\x80", 2, 2},
        {"\xdf\xbf", 2, 2},
        {"\xe0\xa0\x80", 3, 3},
        {"\xed\x9f\xbf", 3, 3},
        {"\xee\x80\x80", 3, 3},
        {"\xef\xbf\xbf", 3, 3},
        {"\xf0\x90\x80\x80", 4, 4},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"\x80", 1, 0},             /* a continuation first */
        {"\xc0\x80", 2, 0},         /* overlong NUL */
        {"\xc1\xbf", 2, 0},         /* overlong */
        {"\xe0\x9f\xbf", 3, 0},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 4, 0}, /* overlong */
        {"\xed\xa0\x80", 3, 0},     /* surrogate */
        {"\xed\xbf\xbf", 3, 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 4, 0}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 4, 0}, /* no such first byte */
        {"\xff", 1, 0},
        {"\xe2\x82", 2, 0},         /* cut short */
        {"\xf0\x9f\x98", 3, 0},     /* cut short */
        {"\xe2\x28\xa1", 3, 0},     /* a wrong second byte */
        {"\xe2\x82\x28", 3, 0},     /* a wrong third byte */
        {"\xf0\x9f\x98\x28", 4, 0}, /* a wrong fourth byte */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const unsigned char *bytes = (const unsigned char *)rows[i].bytes;

        if (utf8_sequence(bytes, rows[i].size) != rows[i].length)
            fail_msg("row %zu: %zu", i, utf8_sequence(bytes, rows[i].size));
    }
}

/* Every code point, encoded here by the arithmetic of RFC 3629 section 3, and no surrogate. */
static void test_all_code_points(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c <= 0x110000; c++) {
        size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
        unsigned char bytes[4];
        uint32_t rest = c;
        bool valid = !(c >= 0xd800 && c <= 0xdfff) && c <= 0x10ffff;

        for (size_t k = length - 1; k > 0; k--, rest >>= 6)
            bytes[k] = (unsigned char)(0x80 | (rest & 0x3f));
        bytes[0] = (unsigned char)(first[length] | rest);
        if (utf8_sequence(bytes, length) != (valid ? length : 0))
            fail_msg("U+%04X", c);
    }
}

static void test_texts(void **state)
{
    static const struct {
        const char *text;
        bool valid;
        size_t length;
    } rows[] = {
        {"", true, 0},
        {"user", true, 4},
        {"\xc3\xa9t\xc3\xa9", true, 3},
        {"\xf0\x9f\x98\x80!", true, 2},
        {"a\xff", false, 0},
        {"a\xc3", false, 0},
        {"\xed\xa0\xbd\xed\xb8\x80", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(utf8_valid(rows[i].text, strlen(rows[i].text)), rows[i].valid);
        if (rows[i].valid)
            assert_int_equal(utf8_length(rows[i].text), rows[i].length);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences),
        cmocka_unit_test(test_all_code_points),
        cmocka_unit_test(test_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
