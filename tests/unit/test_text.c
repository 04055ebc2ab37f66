/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"

static const struct {
    const char *text;
    size_t max;
    const char *clean;
} rows[] = {
    {"", 8, ""},
    {"Mozilla/5.0", 64, "Mozilla/5.0"},
    {"Mozilla/5.0", 7, "Mozilla"},
    {"a\xff"
     "b",
     8, "a?b"},
    {"caf\xe9", 8, "caf?"},
    {"\xe2\x82\xac\xe2\x82\xac", 6, "\xe2\x82\xac\xe2\x82\xac"},
    {"\xe2\x82\xac\xe2\x82\xac", 5, "\xe2\x82\xac"},
    {"\xe2\x82\xac", 2, ""},
    {"\xe2\x82", 8, "??"},
    {"\xed\xa0\x80", 8, "???"},
    {"x", 0, ""},
};

static void cleans(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(text_clean(arena, rows[i].text, rows[i].max), rows[i].clean);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleans),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
