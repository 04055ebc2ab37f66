/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alloc.h"
#include "base/arena.h"

static void test_pieces_are_apart(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4000, 8192, 8193, 100000, 1, 3};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    struct arena *arena = arena_new();
    unsigned char *pieces[COUNT];

    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < COUNT; i++) {
        pieces[i] = arena_alloc(arena, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(pieces[i][k], i + 1);
    arena_free(&arena);
    assert_null(arena);
    arena_free(&arena);
}

/* The first block is kept over a reset: what was a secret in it is gone. */
static void test_reset_wipes(void **state)
{
    static const char secret[] = "syt_secret_token";
    struct arena *arena = arena_new();
    const char *before;
    char *after;

    (void)state;
    assert_non_null(arena);
    before = arena_strdup(arena, secret);
    assert_string_equal(before, secret);
    assert_non_null(arena_alloc(arena, 20000));
    arena_reset(arena);
    assert_true(memchr(before, 's', sizeof secret) == NULL);
    after = arena_alloc(arena, sizeof secret);
    assert_ptr_equal(after, before);
    arena_free(&arena);
}

static void test_texts(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_non_null(arena);
    assert_null(arena_strdup(arena, NULL));
    assert_string_equal(arena_strdup(arena, ""), "");
    assert_memory_equal(arena_memdup(arena, "a\0b", 3), "a\0b", 4);
    assert_string_equal(arena_memdup(arena, NULL, 0), "");
    assert_string_equal(arena_printf(arena, "%s-%05d", "x", 42), "x-00042");
    assert_int_equal(strlen(arena_printf(arena, "%20000s", "x")), 20000);
    arena_free(&arena);
}

static void test_sizes_that_overflow(void **state)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - 15, SIZE_MAX - 16, SIZE_MAX - 40};
    struct arena *arena = arena_new();

    (void)state;
    assert_non_null(arena);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        assert_null(arena_alloc(arena, sizes[i]));
    assert_null(arena_memdup(arena, "", SIZE_MAX));
    assert_string_equal(arena_strdup(arena, "still works"), "still works");
    arena_free(&arena);
}

/* Whether a new arena takes two blocks' worth of text. */
static bool fill(void)
{
    struct arena *arena = arena_new();
    bool filled =
        arena && arena_printf(arena, "%9000d", 1) && arena_alloc(arena, 8000) && arena_strdup(arena, "x");

    arena_free(&arena);
    return filled;
}

static void test_memory_is_gone(void **state)
{
    bool filled;

    (void)state;
    for (int n = 1; alloc_fail(n), filled = fill(), alloc_failed(); n++)
        assert_false(filled);
    assert_true(filled);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_apart),
        cmocka_unit_test(test_reset_wipes),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_sizes_that_overflow),
        cmocka_unit_test(test_memory_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
