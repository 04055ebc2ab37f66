/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "handler/fields.h"

struct target {
    const char *name;
    bool flag;
    bool truthy;
    json_t *object;
    json_t *any;
    struct field_integer number, limit;
};

static const struct field fields[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .offset = offsetof(struct target, name),
     .min = 2,
     .max = 4,
     .required = true},
    {.name = "flag", .type = FIELD_BOOLEAN, .offset = offsetof(struct target, flag)},
    {.name = "truthy", .type = FIELD_TRUTH, .offset = offsetof(struct target, truthy)},
    {.name = "object", .type = FIELD_OBJECT, .offset = offsetof(struct target, object)},
    {.name = "any", .type = FIELD_ANY, .offset = offsetof(struct target, any)},
    {.name = "number", .type = FIELD_INTEGER, .offset = offsetof(struct target, number), .min = 2, .max = 4},
    {.name = "limit", .type = FIELD_INTEGER, .offset = offsetof(struct target, limit), .null = NULL_IS_VALUE},
};

/* The same key, with words of its own for each fault. */
static const struct field worded[] = {
    {.name = "name",
     .type = FIELD_STRING,
     .offset = offsetof(struct target, name),
     .max = 4,
     .required = true,
     .missing = {API_BAD_JSON, "where is it"},
     .invalid = {API_BAD_REQUEST, "what is it"}},
    {.name = "number",
     .type = FIELD_INTEGER,
     .offset = offsetof(struct target, number),
     .max = 4,
     .null = NULL_IS_INVALID,
     .invalid = {API_BAD_JSON, "no number"},
     .range = {API_BAD_REQUEST, "up to 4"}},
};

static const struct {
    const char *json;
    const char *code; /* errcode; NULL: accepted */
    const char *text;
} rows[] = {
    {"{\"name\":\"abc\"}", NULL, NULL},
    {"{\"name\":\"ab\",\"flag\":null,\"object\":null,\"any\":null,\"truthy\":null}", NULL, NULL},
    {"{\"name\":\"\\u20ac\\u20ac\\u20ac\\u20ac\"}", NULL, NULL},
    {"{\"name\":\"abc\",\"other\":[1]}", NULL, NULL},
    {"{}", "M_MISSING_PARAM", "Missing params: ['name']"},
    {"{\"name\":null}", "M_MISSING_PARAM", "Missing params: ['name']"},
    {"{\"name\":1}", "M_BAD_JSON", "'name' must be a string"},
    {"{\"name\":[\"abc\"]}", "M_BAD_JSON", "'name' must be a string"},
    {"{\"name\":\"a\"}", "M_INVALID_PARAM", "'name' is too short: min 2 characters"},
    {"{\"name\":\"\"}", "M_INVALID_PARAM", "'name' is too short: min 2 characters"},
    {"{\"name\":\"abcde\"}", "M_INVALID_PARAM", "'name' is too long: max 4 characters"},
    {"{\"name\":\"a\\u0000b\"}", "M_INVALID_PARAM", "'name' must not contain NUL"},
    {"{\"name\":\"abc\",\"flag\":1}", "M_BAD_JSON", "'flag' must be a boolean"},
    {"{\"name\":\"abc\",\"flag\":\"true\"}", "M_BAD_JSON", "'flag' must be a boolean"},
    {"{\"name\":\"abc\",\"object\":[]}", "M_BAD_JSON", "'object' must be an object"},
    {"{\"name\":\"abc\",\"number\":2,\"limit\":0}", NULL, NULL},
    {"{\"name\":\"abc\",\"number\":4,\"limit\":9223372036854775807}", NULL, NULL},
    {"{\"name\":\"abc\",\"number\":null,\"limit\":null}", NULL, NULL},
    {"{\"name\":\"abc\",\"number\":1}", "M_INVALID_PARAM", "'number' is too small: min 2"},
    {"{\"name\":\"abc\",\"number\":5}", "M_INVALID_PARAM", "'number' is too large: max 4"},
    {"{\"name\":\"abc\",\"limit\":-1}", "M_INVALID_PARAM", "'limit' is too small: min 0"},
    {"{\"name\":\"abc\",\"number\":3.0}", "M_BAD_JSON", "'number' must be an integer"},
    {"{\"name\":\"abc\",\"number\":\"3\"}", "M_BAD_JSON", "'number' must be an integer"},
    {"{\"name\":\"abc\",\"limit\":true}", "M_BAD_JSON", "'limit' must be an integer"},
    /* The rows' order is the order of the faults. */
    {"{\"object\":[],\"flag\":1,\"name\":1}", "M_BAD_JSON", "'name' must be a string"},
};

static const struct {
    const char *json, *code, *text;
} worded_rows[] = {
    {"{\"name\":\"\"}", NULL, NULL},
    {"{}", "M_BAD_JSON", "where is it"},
    {"{\"name\":null}", "M_BAD_JSON", "where is it"},
    {"{\"name\":1}", "M_UNKNOWN", "what is it"},
    {"{\"name\":\"abcde\"}", "M_UNKNOWN", "what is it"},
    {"{\"name\":\"\\u0000\"}", "M_UNKNOWN", "what is it"},
    {"{\"name\":\"\",\"number\":0}", NULL, NULL},
    {"{\"name\":\"\",\"number\":5}", "M_UNKNOWN", "up to 4"},
    {"{\"name\":\"\",\"number\":-1}", "M_UNKNOWN", "up to 4"},
    {"{\"name\":\"\",\"number\":null}", "M_BAD_JSON", "no number"},
    {"{\"name\":\"\",\"number\":false}", "M_BAD_JSON", "no number"},
};

static void expect(const char *json, const struct field *table, size_t count, const char *code,
                   const char *text)
{
    struct call call = {.arena = arena_new(), .body = json, .body_size = strlen(json)};
    struct target target = {0};
    bool accepted = fields_decode(&call, call_json(&call), table, count, &target);

    if (accepted != !code)
        fail_msg("%s", json);
    if (accepted) {
        assert_non_null(target.name);
        assert_int_equal(call.reply.status, 0);
    } else {
        assert_int_equal(call.reply.status, 400);
        assert_string_equal(json_string_value(json_object_get(call.reply.body, "errcode")), code);
        assert_string_equal(json_string_value(json_object_get(call.reply.body, "error")), text);
    }
    reply_free(&call.reply);
    call_forget_json(&call);
    arena_free(&call.arena);
}

static void decodes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(rows[i].json, fields, sizeof fields / sizeof *fields, rows[i].code, rows[i].text);
    for (size_t i = 0; i < sizeof worded_rows / sizeof *worded_rows; i++)
        expect(worded_rows[i].json, worded, sizeof worded / sizeof *worded, worded_rows[i].code,
               worded_rows[i].text);
}

static void puts_values(void **state)
{
    const char *json = "{\"name\":\"abc\",\"flag\":true,\"object\":{\"a\":1},\"any\":[7]}";
    struct call call = {.arena = arena_new(), .body = json, .body_size = strlen(json)};
    struct target target = {.truthy = true};

    (void)state;
    assert_true(fields_decode(&call, call_json(&call), fields, sizeof fields / sizeof *fields, &target));
    assert_string_equal(target.name, "abc");
    assert_true(target.flag);
    assert_true(target.truthy); /* absent: left as it was */
    assert_int_equal(json_integer_value(json_object_get(target.object, "a")), 1);
    assert_int_equal(json_array_size(target.any), 1);
    call_forget_json(&call);
    arena_free(&call.arena);
}

static void tells_null_from_absent(void **state)
{
    static const struct {
        const char *json;
        int number, limit; /* their states */
    } cases[] = {
        {"{\"name\":\"abc\"}", INTEGER_ABSENT, INTEGER_ABSENT},
        {"{\"name\":\"abc\",\"number\":null,\"limit\":null}", INTEGER_ABSENT, INTEGER_NULL},
        {"{\"name\":\"abc\",\"number\":3,\"limit\":3}", INTEGER_GIVEN, INTEGER_GIVEN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct call call = {.arena = arena_new(), .body = cases[i].json, .body_size = strlen(cases[i].json)};
        struct target target = {0};

        assert_true(fields_decode(&call, call_json(&call), fields, sizeof fields / sizeof *fields, &target));
        assert_int_equal(target.number.state, cases[i].number);
        assert_int_equal(target.limit.state, cases[i].limit);
        assert_int_equal(target.limit.value, cases[i].limit == INTEGER_GIVEN ? 3 : 0);
        call_forget_json(&call);
        arena_free(&call.arena);
    }
}

static const struct {
    const char *json;
    bool truth;
} truths[] = {
    {"true", true}, {"false", false}, {"1", true},         {"0", false},          {"0.0", false},
    {"-0.5", true}, {"\"\"", false},  {"\"0\"", true},     {"\"\\u0000\"", true}, {"[]", false},
    {"[0]", true},  {"{}", false},    {"{\"a\":0}", true},
};

static void tells_truth_as_python_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof truths / sizeof *truths; i++) {
        struct call call = {.arena = arena_new()};
        struct target target = {.truthy = !truths[i].truth};

        call.body = arena_printf(call.arena, "{\"name\":\"abc\",\"truthy\":%s}", truths[i].json);
        call.body_size = strlen(call.body);
        assert_true(fields_decode(&call, call_json(&call), fields, sizeof fields / sizeof *fields, &target));
        if (target.truthy != truths[i].truth)
            fail_msg("%s", truths[i].json);
        call_forget_json(&call);
        arena_free(&call.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes),
        cmocka_unit_test(puts_values),
        cmocka_unit_test(tells_null_from_absent),
        cmocka_unit_test(tells_truth_as_python_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
