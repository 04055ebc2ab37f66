/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "base/buf.h"

static void test_appends(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_append(&buf, "", 0);
    assert_string_equal(buf.data, "");
    buf_puts(&buf, "one ");
    buf_append(&buf, "t\0o", 3);
    buf_putc(&buf, ' ');
    buf_printf(&buf, "%d", 3);
    assert_int_equal(buf.err, ERR_OK);
    assert_int_equal(buf.length, 9);
    assert_memory_equal(buf.data, "one t\0o 3", 10);
    buf_free(&buf);
    assert_null(buf.data);
    buf_puts(&buf, "again");
    assert_string_equal(buf.data, "again");
    buf_free(&buf);
}

static void test_integers(void **state)
{
    static const struct {
        int64_t number;
        const char *text;
    } rows[] = {
        {0, "0"},
        {9, "9"},
        {10, "10"},
        {-1, "-1"},
        {-907, "-907"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    struct buf buf = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buf_clear(&buf);
        buf_put_integer(&buf, rows[i].number);
        assert_string_equal(buf.data, rows[i].text);
    }
    buf_free(&buf);
}

/* Over the sizes at which it grows, and there are no bytes lost or left over. */
static void test_grows(void **state)
{
    struct buf buf = {0};

    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        assert_int_equal(buf.length, i);
        buf_append(&buf, &"abcdefg"[i % 7], 1);
        assert_true(buf.length < buf.size);
        assert_int_equal(buf.data[buf.length], '\0');
    }
    buf_printf(&buf, "%20000s", "x");
    assert_int_equal(buf.length, 25000);
    assert_int_equal(strlen(buf.data), 25000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(buf.data[i], "abcdefg"[i % 7]);
    buf_free(&buf);
}

static void test_clear_wipes_and_keeps(void **state)
{
    struct buf buf = {0};
    const char *data;

    (void)state;
    buf_puts(&buf, "secret");
    data = buf.data;
    buf_clear(&buf);
    assert_int_equal(buf.length, 0);
    assert_ptr_equal(buf.data, data);
    for (size_t i = 0; i < strlen("secret"); i++)
        assert_int_equal(data[i], 0);
    buf_free(&buf);
}

static void test_too_large_sticks(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_puts(&buf, "start");
    buf_append(&buf, "x", SIZE_MAX / 2);
    assert_int_equal(buf.err, ERR_TOO_LARGE);
    buf_puts(&buf, "more");
    assert_string_equal(buf.data, "start");
    buf_clear(&buf);
    buf_puts(&buf, "anew");
    assert_int_equal(buf.err, ERR_OK);
    assert_string_equal(buf.data, "anew");
    buf_free(&buf);
}

/* Appends a text of five growths. */
static enum err fill(struct buf *buf)
{
    for (int i = 0; i < 2000; i++)
        buf_printf(buf, "%08d ", i);
    buf_append(buf, "end", 3);
    return buf->err;
}

static void test_memory_is_gone(void **state)
{
    struct buf buf = {0};
    enum err e;
    int n;

    (void)state;
    for (n = 1; alloc_fail(n), e = fill(&buf), alloc_failed(); n++) {
        assert_int_equal(e, ERR_NOMEM);
        assert_int_equal(buf.length % 9, 0);
        buf_free(&buf);
    }
    assert_int_equal(n, 7);
    assert_int_equal(e, ERR_OK);
    assert_int_equal(buf.length, 2000 * 9 + 3);
    buf_free(&buf);
}

static void test_percent(void **state)
{
    struct buf buf = {0};

    (void)state;
    buf_put_percent(&buf, "a/b %\xc3\xa9\n", "ab");
    assert_string_equal(buf.data, "a%2Fb%20%25%C3%A9%0A");
    buf_put_percent(&buf, "", "ab");
    assert_int_equal(buf.length, 20);
    buf_free(&buf);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_appends),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_grows),
        cmocka_unit_test(test_percent),
        cmocka_unit_test(test_clear_wipes_and_keeps),
        cmocka_unit_test(test_too_large_sticks),
        cmocka_unit_test(test_memory_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
