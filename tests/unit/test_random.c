/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/random.h"

#define URL_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The form of the texts, and that no two of a thousand are the same (six bytes: by chance once in 10^8 runs).
 */
static void test_texts(void **state)
{
    static const struct {
        enum err (*make)(char *text);
        size_t size;
        const char *digits;
    } rows[] = {
        {random_token, RANDOM_TOKEN_SIZE, URL_DIGITS},
        {random_device_id, RANDOM_DEVICE_SIZE, URL_DIGITS},
        {random_nonce, RANDOM_NONCE_SIZE, "0123456789abcdef"},
    };
    enum { COUNT = 1000 };
    static char texts[COUNT][RANDOM_TOKEN_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < COUNT; k++) {
            assert_int_equal(rows[i].make(texts[k]), ERR_OK);
            assert_int_equal(strlen(texts[k]), rows[i].size - 1);
            assert_int_equal(strspn(texts[k], rows[i].digits), rows[i].size - 1);
        }
        qsort(texts, COUNT, sizeof *texts, compare);
        for (size_t k = 1; k < COUNT; k++)
            assert_string_not_equal(texts[k - 1], texts[k]);
    }
}

/* Every byte is written, whatever the size, and no byte after it. */
static void test_bytes(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 256, 257, 10000};
    static unsigned char bytes[10001], all[10000];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        memset(all, 0, sizeof all);
        for (int round = 0; round < 20; round++) {
            bytes[sizes[i]] = 42;
            assert_int_equal(random_bytes(bytes, sizes[i]), ERR_OK);
            assert_int_equal(bytes[sizes[i]], 42);
            for (size_t k = 0; k < sizes[i]; k++)
                all[k] |= bytes[k];
        }
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_not_equal(all[k], 0);
    }
}

/* Of a length that is asked for; every letter and digit occurs, and about as often as the others. */
static void test_letters(void **state)
{
    enum { LETTERS = 62, EACH = 4000 };
    static char text[LETTERS * EACH + 2];
    size_t seen[256] = {0};

    (void)state;
    for (size_t length = 0; length < 70; length++) {
        memset(text, '!', sizeof text);
        assert_int_equal(random_letters(text, length), ERR_OK);
        assert_int_equal(strlen(text), length);
        assert_int_equal(text[length + 1], '!');
    }
    assert_int_equal(random_letters(text, sizeof text - 2), ERR_OK);
    for (const char *c = text; *c; c++)
        seen[(unsigned char)*c]++;
    for (const char *c = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"; *c; c++) {
        /* Eight standard deviations; without throwing bytes away some would be off by thirteen. */
        assert_in_range(seen[(unsigned char)*c], EACH - 500, EACH + 500);
        seen[(unsigned char)*c] = 0;
    }
    for (size_t i = 0; i < 256; i++)
        assert_int_equal(seen[i], 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
