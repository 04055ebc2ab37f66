/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "matrix/canonical_json.h"

#define BOTH    2 /* the strict and the lenient encoding are the same */
#define LENIENT CANONICAL_JSON_LENIENT
#define STRICT  CANONICAL_JSON_STRICT

/* `canonical` NULL: refused with `e`. */
static const struct {
    const char *text, *canonical;
    int numbers;
    enum err e;
} rows[] = {
    /* Appendices, "Canonical JSON", the examples in their order. */
    {"{}", "{}", BOTH, ERR_OK},
    {"{\n    \"one\": 1,\n    \"two\": \"Two\"\n}", "{\"one\":1,\"two\":\"Two\"}", BOTH, ERR_OK},
    {"{\n    \"b\": \"2\",\n    \"a\": \"1\"\n}", "{\"a\":\"1\",\"b\":\"2\"}", BOTH, ERR_OK},
    {"{\"b\":\"2\",\"a\":\"1\"}", "{\"a\":\"1\",\"b\":\"2\"}", BOTH, ERR_OK},
    {"{\"auth\": {\"success\": true, \"mxid\": \"@john.doe:example.com\", \"profile\": {\"display_name\": "
     "\"John Doe\","
     "\"three_pids\": [{\"medium\": \"email\", \"address\": \"john.doe@example.org\"}, {\"medium\": "
     "\"msisdn\","
     "\"address\": \"123456789\"}]}}}",
     "{\"auth\":{\"mxid\":\"@john.doe:example.com\",\"profile\":{\"display_name\":\"John "
     "Doe\",\"three_pids\":[{"
     "\"address\":\"john.doe@example.org\",\"medium\":\"email\"},{\"address\":\"123456789\",\"medium\":"
     "\"msisdn\"}]},"
     "\"success\":true}}",
     BOTH, ERR_OK},
    {"{\"a\": \"日本語\"}", "{\"a\":\"日本語\"}", BOTH, ERR_OK},
    {"{\"本\": 2, \"日\": 1}", "{\"日\":1,\"本\":2}", BOTH, ERR_OK},
    {"{\"a\": \"\\u65E5\"}", "{\"a\":\"日\"}", BOTH, ERR_OK},
    {"{\"a\": null}", "{\"a\":null}", BOTH, ERR_OK},
    {"{\"a\": -0, \"b\": 1e10}", "{\"a\":0,\"b\":10000000000}", LENIENT, ERR_OK},
    /* Strict: numbers may no longer be written as floats (room version 6). */
    {"{\"b\": 1e10}", NULL, STRICT, ERR_INVALID},
    {"[1.0]", NULL, STRICT, ERR_INVALID},
    {"[1.5]", NULL, STRICT, ERR_INVALID},
    {"[1.0, -0.0, -2e3]", "[1,0,-2000]", LENIENT, ERR_OK},
    {"[1.5]", NULL, LENIENT, ERR_UNSUPPORTED},
    {"[1e300]", NULL, LENIENT, ERR_UNSUPPORTED},
    {"[9007199254740993.0e2]", NULL, LENIENT, ERR_UNSUPPORTED},
    /* The bounds of integers. */
    {"[9007199254740991, -9007199254740991, 0, -0]", "[9007199254740991,-9007199254740991,0,0]", BOTH,
     ERR_OK},
    {"[9007199254740992]", NULL, STRICT, ERR_INVALID},
    {"[-9007199254740992]", NULL, STRICT, ERR_INVALID},
    {"[9223372036854775807, -9223372036854775808]", "[9223372036854775807,-9223372036854775808]", LENIENT,
     ERR_OK},
    {"[9223372036854775808]", NULL, BOTH, ERR_INVALID},
    /* The shortest escapes; everything else as it is. */
    {"[\"\\b\\t\\n\\f\\r\\\"\\\\\\/\"]", "[\"\\b\\t\\n\\f\\r\\\"\\\\/\"]", BOTH, ERR_OK},
    {"[\"\\u0000\\u0001\\u000B\\u001F\\u0020\\u007F\"]", "[\"\\u0000\\u0001\\u000b\\u001f \x7f\"]", BOTH,
     ERR_OK},
    {"[\"\\u0008\\u0009\\u000a\\u000c\\u000d\\u0022\\u005c\"]", "[\"\\b\\t\\n\\f\\r\\\"\\\\\"]", BOTH,
     ERR_OK},
    {"[\"\\ud83d\\ude00\\u2028\"]", "[\"😀\xe2\x80\xa8\"]", BOTH, ERR_OK},
    /* Names sort by code point, not by UTF-16 unit: U+FF5E before U+1F600. */
    {"{\"😀\":1,\"～\":2,\"a\":3,\"A\":4,\"aa\":5,\"\":6,\"\\n\":7}",
     "{\"\":6,\"\\n\":7,\"A\":4,\"a\":3,\"aa\":5,\"～\":2,\"😀\":1}", BOTH, ERR_OK},
    {"{\"b\":[],\"a\":{},\"c\":[{\"z\":false,\"y\":true}]}",
     "{\"a\":{},\"b\":[],\"c\":[{\"y\":true,\"z\":false}]}", BOTH, ERR_OK},
    /* Not JSON, or not as we take it. */
    {"", NULL, BOTH, ERR_INVALID},
    {"{", NULL, BOTH, ERR_INVALID},
    {"{}{}", NULL, BOTH, ERR_INVALID},
    {"[\"\xff\"]", NULL, BOTH, ERR_INVALID},
    {"[\"\xed\xa0\x80\"]", NULL, BOTH, ERR_INVALID},
    {"[\"\\ud800\"]", NULL, BOTH, ERR_INVALID},
    {"[01]", NULL, BOTH, ERR_INVALID},
    {"[NaN]", NULL, BOTH, ERR_INVALID},
    {"{\"a\":1,\"a\":1}", NULL, BOTH, ERR_INVALID},
    {"{\"a\":{\"b\":1,\"\\u0062\":2}}", NULL, BOTH, ERR_INVALID},
    {"{\"a\\u0000b\":1}", NULL, BOTH, ERR_INVALID},
};

static enum err canonicalise(const char *text, enum canonical_json numbers, struct buf *out)
{
    json_t *value;
    enum err e = canonical_json_read(text, strlen(text), &value);

    if (e)
        return e;
    e = canonical_json_write(value, numbers, out);
    json_decref(value);
    return e;
}

static void check_row(size_t i, enum canonical_json numbers)
{
    struct buf out = {0}, again = {0};
    enum err e = canonicalise(rows[i].text, numbers, &out);

    if (e != rows[i].e)
        fail_msg("row %zu: %s: %s", i, rows[i].text, err_text(e));
    if (rows[i].canonical) {
        assert_string_equal(out.data, rows[i].canonical);
        assert_int_equal(canonicalise(out.data, numbers, &again), ERR_OK);
        assert_string_equal(again.data, out.data);
    }
    buf_free(&out);
    buf_free(&again);
}

static void writes_the_one_encoding(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].numbers != LENIENT)
            check_row(i, CANONICAL_JSON_STRICT);
        if (rows[i].numbers != STRICT)
            check_row(i, CANONICAL_JSON_LENIENT);
    }
}

static void leaves_members_out_of_the_top_only(void **state)
{
    static const char *const without[] = {"a", "none", NULL};
    json_t *value = json_loads("{\"c\":{\"a\":1},\"a\":1,\"b\":2}", 0, NULL);
    struct buf out = {0};

    (void)state;
    assert_int_equal(canonical_json_write_without(value, without, CANONICAL_JSON_STRICT, &out), ERR_OK);
    assert_string_equal(out.data, "{\"b\":2,\"c\":{\"a\":1}}");
    assert_int_equal(json_object_size(value), 3);
    buf_free(&out);
    json_decref(value);
}

/* Objects of every size up to one with many members, whose names come in no order. */
static void sorts_many_members(void **state)
{
    (void)state;
    for (int count = 1; count <= 100; count++) {
        json_t *value = json_object();
        struct buf expected = {0}, out = {0};
        char name[8];

        for (int i = 0; i < count; i++) {
            snprintf(name, sizeof name, "%03d", i * 101 % count); /* 101 is prime: each number once */
            assert_int_equal(json_object_set_new(value, name, json_true()), 0);
        }
        for (int i = 0; i < count; i++)
            buf_printf(&expected, "%c\"%03d\":true", i ? ',' : '{', i);
        buf_puts(&expected, "}");
        assert_int_equal(canonical_json_write(value, CANONICAL_JSON_STRICT, &out), ERR_OK);
        assert_string_equal(out.data, expected.data);
        buf_free(&expected);
        buf_free(&out);
        json_decref(value);
    }
}

static void refuses_strings_that_are_not_text(void **state)
{
    json_t *value = json_array();
    struct buf out = {0};

    (void)state;
    assert_int_equal(json_array_append_new(value, json_string_nocheck("\xc3\x28")), 0);
    assert_int_equal(canonical_json_write(value, CANONICAL_JSON_LENIENT, &out), ERR_INVALID);
    buf_free(&out);
    json_decref(value);
}

/* `depth` arrays in one another. */
static json_t *nest(size_t depth)
{
    json_t *value = json_array();

    while (--depth > 0) {
        json_t *outer = json_array();

        assert_int_equal(json_array_append_new(outer, value), 0);
        value = outer;
    }
    return value;
}

static void bounds_the_nesting(void **state)
{
    struct buf out = {0};
    json_t *value = nest(2048), *again;

    (void)state;
    assert_int_equal(canonical_json_write(value, CANONICAL_JSON_STRICT, &out), ERR_OK);
    assert_int_equal(canonical_json_read(out.data, out.length, &again), ERR_OK);
    assert_true(json_equal(value, again));
    json_decref(value);
    json_decref(again);
    buf_clear(&out);

    value = nest(2049);
    assert_int_equal(canonical_json_write(value, CANONICAL_JSON_STRICT, &out), ERR_INVALID);
    json_decref(value);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_one_encoding), cmocka_unit_test(leaves_members_out_of_the_top_only),
        cmocka_unit_test(sorts_many_members),      cmocka_unit_test(refuses_strings_that_are_not_text),
        cmocka_unit_test(bounds_the_nesting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
