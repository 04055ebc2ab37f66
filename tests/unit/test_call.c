/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>

#include "handler/call.h"

static const struct {
    const char *body;
    size_t size;
    const char *code; /* errcode; NULL: an object */
} bodies[] = {
    {"{}", 2, NULL},
    {" {\"a\":[1,{}]}\n", 13, NULL},
    {"{\"a\":\"\\u0000\"}", 14, NULL},
    {"", 0, "M_NOT_JSON"},
    {NULL, 0, "M_NOT_JSON"},
    {"{", 1, "M_NOT_JSON"},
    {"{}x", 3, "M_NOT_JSON"},
    {"{}\0", 3, "M_NOT_JSON"},
    {"{'a':1}", 7, "M_NOT_JSON"},
    {"{\"a\":NaN}", 9, "M_NOT_JSON"},
    {"{\"a\":99999999999999999999}", 26, "M_NOT_JSON"},
    {"{\"a\":\"\xff\"}", 9, "M_NOT_JSON"},
    {"{\"a\":\"\\ud800\"}", 14, "M_NOT_JSON"},
    {"{\"\\u0000\":1}", 12, "M_NOT_JSON"},
    {"[]", 2, "M_BAD_JSON"},
    {"[{}]", 4, "M_BAD_JSON"},
    {"\"a\"", 3, "M_BAD_JSON"},
    {"7", 1, "M_BAD_JSON"},
    {"null", 4, "M_BAD_JSON"},
};

static void takes_objects(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct call call = {.body = bodies[i].body, .body_size = bodies[i].size};
        json_t *object = call_json(&call);

        if ((object != NULL) != !bodies[i].code)
            fail_msg("%s", bodies[i].body);
        assert_ptr_equal(call_json(&call), object); /* asked twice, parsed once */
        if (bodies[i].code) {
            assert_int_equal(call.reply.status, 400);
            assert_string_equal(json_string_value(json_object_get(call.reply.body, "errcode")),
                                bodies[i].code);
        }
        reply_free(&call.reply);
        call_forget_json(&call);
        assert_null(call.json);
    }
}

/* jansson bounds the depth of nesting: brackets exhaust no stack, neither there nor in the wiping. */
static void nesting_is_bounded(void **state)
{
    const size_t depth = 32000;
    char *body = malloc(depth);
    struct call call = {.body = body, .body_size = depth};

    (void)state;
    assert_non_null(body);
    memset(body, '[', depth);
    assert_null(call_json(&call));
    assert_int_equal(call.reply.status, 400);
    reply_free(&call.reply);
    free(body);
}

/* Memory that can be looked at after it was given back. */
static char kept[65536];
static size_t kept_used;

static void *kept_malloc(size_t size)
{
    char *start = kept + kept_used;

    kept_used += (size + 15) / 16 * 16;
    return kept_used <= sizeof kept ? start : NULL;
}

static void kept_free(void *pointer)
{
    (void)pointer;
}

/* Of the values nothing is left. (What the parser's own buffer leaves behind cannot be reached.) */
static void forgets_strings(void **state)
{
    struct call call = {0};
    const char *deep;

    (void)state;
    json_set_alloc_funcs(kept_malloc, kept_free);
    call.json = json_pack("{s:s, s:[{s:s}]}", "a", "first secret", "b", "c", "second secret");
    deep = json_string_value(json_object_get(json_array_get(json_object_get(call.json, "b"), 0), "c"));
    assert_string_equal(deep, "second secret");
    call_forget_json(&call);
    assert_null(memmem(kept, kept_used, "secret", 6));
    json_set_alloc_funcs(malloc, free);
}

static const struct {
    const char *text;
    bool localpart_too;
    const char *localpart; /* NULL: refused */
    const char *error;
} users[] = {
    {"@a:example.org", false, "a", NULL},
    {"@a:example.org", true, "a", NULL},
    {"@A/b c:example.org", true, "A/b c", NULL},
    {"a", true, "a", NULL},
    {"a", false, NULL, "Expected UserID string to start with '@'"},
    {"", true, NULL, "Expected UserID string to start with '@'"},
    {"a:example.org", true, NULL, "Expected UserID string to start with '@'"},
    {"@", true, NULL, "Expected UserID of the form '@localname:domain'"},
    {"@a", true, NULL, "Expected UserID of the form '@localname:domain'"},
    {"@a:", true, NULL, "Expected UserID of the form '@localname:domain'"},
    {"@a:exa mple", true, NULL, "Expected UserID of the form '@localname:domain'"},
    {"@a:other.org", true, NULL, "remote"},
    {"@a:example.org:8448", true, NULL, "remote"},
};

static void takes_local_users(void **state)
{
    struct config config = {.server_name = (char[]){"example.org"}};
    struct app app = {.config = &config};

    (void)state;
    for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
        struct call call = {.app = &app, .arena = arena_new()};
        const char *localpart =
            call_local_user(&call, users[i].text, users[i].localpart_too, API_BAD_REQUEST, "remote");

        if ((localpart != NULL) != (users[i].localpart != NULL))
            fail_msg("%s", users[i].text);
        if (localpart) {
            assert_string_equal(localpart, users[i].localpart);
        } else {
            assert_string_equal(json_string_value(json_object_get(call.reply.body, "errcode")),
                                strcmp(users[i].error, "remote") == 0 ? "M_UNKNOWN" : "M_INVALID_PARAM");
            assert_string_equal(json_string_value(json_object_get(call.reply.body, "error")), users[i].error);
        }
        reply_free(&call.reply);
        arena_free(&call.arena);
    }
}

static void maps_errors(void **state)
{
    static const struct {
        enum err err;
        int status;
        const char *reason;
        int64_t retry_after_ms;
    } rows[] = {
        {ERR_NOMEM, 500, NULL, 0},       {ERR_IO, 500, NULL, 0},
        {ERR_BUSY, 503, NULL, 0},        {ERR_FULL, 507, NULL, 0},
        {ERR_CORRUPT, 500, NULL, 0},     {ERR_NOT_FOUND, 404, NULL, 0},
        {ERR_UNSUPPORTED, 404, NULL, 0}, {ERR_UNSUPPORTED, 404, "Not so", 0},
        {ERR_INVALID, 500, NULL, 0},     {ERR_INVALID, 400, "Not so", 0},
        {ERR_DENIED, 403, NULL, 0},      {ERR_DENIED, 403, "Not so", 0},
        {ERR_UNREACHABLE, 503, NULL, 0}, {ERR_GATEWAY, 502, "Not so", 0},
        {ERR_LIMITED, 500, NULL, 0},     {ERR_LIMITED, 429, "Not so", 1500},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call call = {
            .homeserver = {.reason = rows[i].reason, .retry_after_ms = rows[i].retry_after_ms}};

        assert_null(call_fail_err(&call, rows[i].err));
        assert_int_equal(call.reply.status, rows[i].status);
        assert_int_equal(call.reply.retry_after_ms > 0, rows[i].retry_after_ms > 0 || rows[i].status == 503);
        if (rows[i].reason)
            assert_string_equal(json_string_value(json_object_get(call.reply.body, "error")), rows[i].reason);
        reply_free(&call.reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_objects),   cmocka_unit_test(nesting_is_bounded),
        cmocka_unit_test(forgets_strings), cmocka_unit_test(takes_local_users),
        cmocka_unit_test(maps_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
