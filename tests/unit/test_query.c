/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "http/query.h"

static const struct {
    const char *raw;
    enum err err;
    size_t count;
    struct query_parameter parameters[4];
} rows[] = {
    {NULL, ERR_OK, 0, {{NULL, NULL}}},
    {"", ERR_OK, 0, {{NULL, NULL}}},
    {"a=b", ERR_OK, 1, {{"a", "b"}}},
    {"a=b&c=d", ERR_OK, 2, {{"a", "b"}, {"c", "d"}}},
    {"a", ERR_OK, 1, {{"a", ""}}},
    {"a=", ERR_OK, 1, {{"a", ""}}},
    {"=b", ERR_OK, 1, {{"", "b"}}},
    {"=", ERR_OK, 1, {{"", ""}}},
    {"a=b=c", ERR_OK, 1, {{"a", "b=c"}}},
    {"&&a=b&&", ERR_OK, 1, {{"a", "b"}}},
    {"a=1&a=2", ERR_OK, 2, {{"a", "1"}, {"a", "2"}}},
    {"a+b=c+d", ERR_OK, 1, {{"a b", "c d"}}},
    {"a=%2B%26%3D", ERR_OK, 1, {{"a", "+&="}}},
    {"%61=%e2%82%ac", ERR_OK, 1, {{"a", "\xe2\x82\xac"}}},
    {"a=b;c=d", ERR_OK, 1, {{"a", "b;c=d"}}},
    {"a=%", ERR_INVALID, 0, {{NULL, NULL}}},
    {"a=%4&1=b", ERR_INVALID, 0, {{NULL, NULL}}},
    {"%zz=b", ERR_INVALID, 0, {{NULL, NULL}}},
    {"a=%00", ERR_INVALID, 0, {{NULL, NULL}}},
    {"a=%ff", ERR_INVALID, 0, {{NULL, NULL}}},
    {"a=\xff", ERR_INVALID, 0, {{NULL, NULL}}},
    {"a=% 41", ERR_INVALID, 0, {{NULL, NULL}}},
};

static void decodes(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct query query;
        enum err e = query_decode(rows[i].raw, arena, &query);

        if (e != rows[i].err)
            fail_msg("%s: %s", rows[i].raw, err_text(e));
        if (e)
            continue;
        assert_int_equal(query.count, rows[i].count);
        for (size_t k = 0; k < query.count; k++) {
            assert_string_equal(query.parameters[k].name, rows[i].parameters[k].name);
            assert_string_equal(query.parameters[k].value, rows[i].parameters[k].value);
        }
    }
    arena_free(&arena);
}

static void bounded(void **state)
{
    struct arena *arena = arena_new();
    struct buf raw = {0};
    struct query query;

    (void)state;
    for (int i = 0; i < QUERY_PARAMETERS_MAX; i++)
        buf_printf(&raw, "%s%d=%d", i ? "&" : "", i, i);
    assert_int_equal(query_decode(raw.data, arena, &query), ERR_OK);
    assert_int_equal(query.count, QUERY_PARAMETERS_MAX);
    assert_string_equal(query_get(&query, "63"), "63");
    buf_puts(&raw, "&&");
    assert_int_equal(query_decode(raw.data, arena, &query), ERR_OK);
    buf_puts(&raw, "x");
    assert_int_equal(query_decode(raw.data, arena, &query), ERR_TOO_LARGE);
    buf_free(&raw);
    arena_free(&arena);
}

static void gets_the_first(void **state)
{
    struct arena *arena = arena_new();
    struct query query;

    (void)state;
    assert_int_equal(query_decode("a=1&b&a=2", arena, &query), ERR_OK);
    assert_string_equal(query_get(&query, "a"), "1");
    assert_string_equal(query_get(&query, "b"), "");
    assert_null(query_get(&query, "c"));
    assert_null(query_get(&query, ""));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(bounded),
        cmocka_unit_test(gets_the_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
