/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "http/path.h"

/* A NUL-terminated raw path and what its segments are. */
static const struct {
    const char *raw;
    enum err err;
    size_t count;
    const char *segments[PATH_SEGMENTS_MAX];
} decoded[] = {
    {"/", ERR_OK, 1, {""}},
    {"/a", ERR_OK, 1, {"a"}},
    {"/a/b", ERR_OK, 2, {"a", "b"}},
    {"/a/", ERR_OK, 2, {"a", ""}},
    {"/a//b", ERR_OK, 3, {"a", "", "b"}},
    /* synadm asks for "//.well-known/matrix/server". */
    {"//.well-known/matrix/server", ERR_OK, 3, {".well-known", "matrix", "server"}},
    {"////a", ERR_OK, 1, {"a"}},
    /* Split first, then decoded: an encoded slash belongs to its identifier, and so does an encoded "#". */
    {"/x/@a%2Fb:example.org", ERR_OK, 2, {"x", "@a/b:example.org"}},
    {"/x/%23room%3Aexample.org", ERR_OK, 2, {"x", "#room:example.org"}},
    {"/%2f%2F", ERR_OK, 1, {"//"}},
    {"/%25%32%46", ERR_OK, 1, {"%2F"}},
    {"/a+b", ERR_OK, 1, {"a+b"}},
    {"/a b", ERR_OK, 1, {"a b"}},
    {"/%e2%82%ac", ERR_OK, 1, {"\xe2\x82\xac"}},
    {"/\xe2\x82\xac", ERR_OK, 1, {"\xe2\x82\xac"}},
    {"/a;b=c", ERR_OK, 1, {"a;b=c"}},
    {"/.", ERR_OK, 1, {"."}},
    {"/x/@a%2F..%2Fb:example.org", ERR_OK, 2, {"x", "@a/../b:example.org"}},
    {"/x/a%2f%2f.%2f..", ERR_OK, 2, {"x", "a//./.."}},
    {"/x/...%2F..%2F..a", ERR_OK, 2, {"x", ".../../..a"}},
    {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16",
     ERR_OK,
     16,
     {"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16"}},
    {"/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", ERR_NOT_FOUND, 0, {NULL}},
    /* A web server that decodes first looks for a path beside or above the one that we see. */
    {"/a/../b", ERR_NOT_FOUND, 0, {NULL}},
    {"/a/..", ERR_NOT_FOUND, 0, {NULL}},
    {"/a/%2e%2E/b", ERR_NOT_FOUND, 0, {NULL}},
    {"/a/..%2Fb", ERR_NOT_FOUND, 0, {NULL}},
    {"/a/b%2F..%2F..%2Fc", ERR_NOT_FOUND, 0, {NULL}},
    {"/a/%2F%2F.%2F..%2Fc", ERR_NOT_FOUND, 0, {NULL}},
    {"", ERR_INVALID, 0, {NULL}},
    {"*", ERR_INVALID, 0, {NULL}},
    {"a/b", ERR_INVALID, 0, {NULL}},
    {"/%", ERR_INVALID, 0, {NULL}},
    {"/%4", ERR_INVALID, 0, {NULL}},
    {"/%/41", ERR_INVALID, 0, {NULL}},
    {"/%4/1", ERR_INVALID, 0, {NULL}},
    {"/%zz", ERR_INVALID, 0, {NULL}},
    {"/%4g", ERR_INVALID, 0, {NULL}},
    {"/%g4", ERR_INVALID, 0, {NULL}},
    /* What sscanf("%2x") would take. */
    {"/% 41", ERR_INVALID, 0, {NULL}},
    {"/%+4", ERR_INVALID, 0, {NULL}},
    {"/%-4", ERR_INVALID, 0, {NULL}},
    {"/%0x", ERR_INVALID, 0, {NULL}},
    {"/%%41", ERR_INVALID, 0, {NULL}},
    {"/%00", ERR_INVALID, 0, {NULL}},
    {"/a%00b", ERR_INVALID, 0, {NULL}},
    {"/%ff", ERR_INVALID, 0, {NULL}},
    {"/\xff", ERR_INVALID, 0, {NULL}},
    {"/%c0%af", ERR_INVALID, 0, {NULL}},
    {"/%ed%a0%80", ERR_INVALID, 0, {NULL}},
    {"/%f4%90%80%80", ERR_INVALID, 0, {NULL}},
    /* A character that is split over two segments is none. */
    {"/%e2%82/%ac", ERR_INVALID, 0, {NULL}},
};

static void decodes(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof decoded / sizeof *decoded; i++) {
        struct path path;
        enum err e = path_decode(decoded[i].raw, strlen(decoded[i].raw), arena, &path);

        if (e != decoded[i].err)
            fail_msg("%s: %s", decoded[i].raw, err_text(e));
        if (e)
            continue;
        assert_int_equal(path.count, decoded[i].count);
        for (size_t k = 0; k < path.count; k++)
            assert_string_equal(path.segments[k], decoded[i].segments[k]);
    }
    arena_free(&arena);
}

/* The size counts, not a NUL: neither is read beyond it, nor is a NUL inside taken for the end. */
static void decodes_by_size(void **state)
{
    struct arena *arena = arena_new();
    struct path path;

    (void)state;
    assert_int_equal(path_decode("/ab?c", 3, arena, &path), ERR_OK);
    assert_string_equal(path.segments[0], "ab");
    assert_int_equal(path_decode("/a%41", 4, arena, &path), ERR_INVALID);
    assert_int_equal(path_decode("/a\0b", 4, arena, &path), ERR_INVALID);
    assert_int_equal(path_decode("/a", 0, arena, &path), ERR_INVALID);
    arena_free(&arena);
}

static const struct {
    const char *decoded;
    enum err err;
    size_t count;
    const char *last;
} given[] = {
    {"/a/b", ERR_OK, 2, "b"},
    {"//a", ERR_OK, 1, "a"},
    /* The web server has decoded it: what looks like an escape is none. */
    {"/a%2Fb", ERR_OK, 1, "a%2Fb"},
    {"/a%", ERR_OK, 1, "a%"},
    {"/\xc3\xa9", ERR_OK, 1, "\xc3\xa9"},
    {"", ERR_INVALID, 0, NULL},
    {"/\xc3", ERR_INVALID, 0, NULL},
};

static void splits(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        struct path path;

        assert_int_equal(path_split(given[i].decoded, arena, &path), given[i].err);
        if (given[i].err)
            continue;
        assert_int_equal(path.count, given[i].count);
        assert_string_equal(path.segments[path.count - 1], given[i].last);
    }
    arena_free(&arena);
}

/* Every pair of bytes after "%", against a list of the digits. */
static void every_escape(void **state)
{
    static const char digits[] = "0123456789abcdefABCDEF";
    struct arena *arena = arena_new();

    (void)state;
    for (int high = 1; high < 256; high++)
        for (int low = 1; low < 256; low++) {
            const char raw[] = {'%', (char)high, (char)low};
            bool digits_both = strchr(digits, high) && strchr(digits, low);
            const char *text = NULL;
            enum err e = percent_decode(raw, sizeof raw, 0, arena, &text);

            /* %00 is refused, and alone a byte from 0x80 up is no UTF-8. */
            if (digits_both && high >= '0' && high <= '7' && (high != '0' || low != '0'))
                assert_int_equal(e, ERR_OK);
            else
                assert_int_equal(e, ERR_INVALID);
            arena_reset(arena);
        }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(decodes_by_size),
        cmocka_unit_test(splits),
        cmocka_unit_test(every_escape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
