/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/base64.h"

static void test_encode(void **state)
{
    static const struct {
        enum base64_alphabet alphabet;
        const char *bytes;
        size_t size;
        const char *text;
    } rows[] = {
        /* RFC 4648 section 10, without the padding; also Matrix Appendices, "Unpadded Base64" */
        {BASE64_STANDARD, "", 0, ""},
        {BASE64_STANDARD, "f", 1, "Zg"},
        {BASE64_STANDARD, "fo", 2, "Zm8"},
        {BASE64_STANDARD, "foo", 3, "Zm9v"},
        {BASE64_STANDARD, "foob", 4, "Zm9vYg"},
        {BASE64_STANDARD, "fooba", 5, "Zm9vYmE"},
        {BASE64_STANDARD, "foobar", 6, "Zm9vYmFy"},
        {BASE64_STANDARD, "\xfb\xff\xbf", 3, "+/+/"},
        {BASE64_URL, "\xfb\xff\xbf", 3, "-_-_"},
        {BASE64_STANDARD, "\0\0\0\0", 4, "AAAAAA"},
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(text, '#', sizeof text);
        base64_encode(rows[i].alphabet, rows[i].bytes, rows[i].size, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(strlen(text) + 1, BASE64_SIZE(rows[i].size));
        assert_int_equal(text[BASE64_SIZE(rows[i].size)], '#');
    }
}

static void test_decode(void **state)
{
    static const struct {
        const char *text;
        size_t room;
        enum err e;
        const char *bytes;
        size_t size;
    } rows[] = {
        {"", 0, ERR_OK, "", 0},
        {"Zg", 1, ERR_OK, "f", 1},
        {"Zg==", 1, ERR_OK, "f", 1},
        {"Zm8", 2, ERR_OK, "fo", 2},
        {"Zm8=", 2, ERR_OK, "fo", 2},
        {"Zm9v", 3, ERR_OK, "foo", 3},
        {"Zm9vYmFy", 9, ERR_OK, "foobar", 6},
        {"+/+/", 3, ERR_OK, "\xfb\xff\xbf", 3},
        {"-_-_", 3, ERR_OK, "\xfb\xff\xbf", 3},
        {"Zm9v", 2, ERR_TOO_LARGE, NULL, 0},
        {"Zg", 0, ERR_TOO_LARGE, NULL, 0},
        {"Z", 9, ERR_INVALID, NULL, 0}, /* six bits are no byte */
        {"A", 9, ERR_INVALID, NULL, 0},
        {"Zm9vA", 9, ERR_INVALID, NULL, 0},
        {"Zm9vY", 9, ERR_INVALID, NULL, 0},
        {"Zh", 9, ERR_INVALID, NULL, 0}, /* bits left over */
        {"Zm9", 9, ERR_INVALID, NULL, 0},
        {"Zg=", 9, ERR_INVALID, NULL, 0}, /* half a padding */
        {"Zg===", 9, ERR_INVALID, NULL, 0},
        {"Zm8==", 9, ERR_INVALID, NULL, 0},
        {"Zm9v=", 9, ERR_INVALID, NULL, 0},
        {"Zm9v====", 9, ERR_INVALID, NULL, 0},
        {"====", 9, ERR_INVALID, NULL, 0},
        {"Zg==Zg==", 9, ERR_INVALID, NULL, 0}, /* padding in the middle */
        {"+_+_", 9, ERR_INVALID, NULL, 0},     /* of both alphabets */
        {"-/AA", 9, ERR_INVALID, NULL, 0},
        {"Zm 9", 9, ERR_INVALID, NULL, 0}, /* foreign characters */
        {"Zm9v\n", 9, ERR_INVALID, NULL, 0},
        {"Zm9\xc3", 9, ERR_INVALID, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char bytes[16] = {0};
        size_t size = rows[i].room;
        enum err e = base64_decode(rows[i].text, bytes, &size);

        if (e != rows[i].e)
            fail_msg("\"%s\": %s", rows[i].text, err_text(e));
        if (e)
            continue;
        assert_int_equal(size, rows[i].size);
        assert_memory_equal(bytes, rows[i].bytes, size);
        assert_int_equal(bytes[size], 0);
    }
}

/* Every byte value, at every place in a group, in both alphabets. */
static void test_round_trip(void **state)
{
    unsigned char bytes[256], decoded[256];
    char text[BASE64_SIZE(sizeof bytes)];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (size_t size = 0; size <= sizeof bytes; size++) {
        for (int alphabet = BASE64_STANDARD; alphabet <= BASE64_URL; alphabet++) {
            size_t got = sizeof decoded;

            base64_encode((enum base64_alphabet)alphabet, bytes, size, text);
            assert_int_equal(base64_decode(text, decoded, &got), ERR_OK);
            assert_int_equal(got, size);
            assert_memory_equal(decoded, bytes, size);
        }
    }
}

static void test_hex(void **state)
{
    char text[9];

    (void)state;
    hex_encode("\x00\x7f\x80\xff", 4, text);
    assert_string_equal(text, "007f80ff");
    hex_encode("", 0, text);
    assert_string_equal(text, "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_hex),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
