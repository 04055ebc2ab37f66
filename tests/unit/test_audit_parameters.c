/* SPDX-License-Identifier: ISC */
/* What the audit keeps of parameters: enough to see what was asked for, and no secret. */
#include "alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "homeserver/audit_parameters.h"

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return arena ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* The members of the object `text`, one after another; NULL when memory was gone. */
static const char *kept(const char *text)
{
    json_t *given = json_loads(text, 0, NULL), *parameters = json_object(), *value;
    enum err e = given && parameters ? ERR_OK : ERR_NOMEM;
    const char *name, *result = NULL;

    json_object_foreach(given, name, value)
    {
        if (!e)
            e = audit_parameters_add(parameters, name, value);
    }
    assert_true(e == ERR_OK || e == ERR_NOMEM);
    if (!e)
        result = audit_parameters_text(parameters, arena);
    json_decref(parameters);
    json_decref(given);
    return result;
}

static const struct {
    const char *given, *kept;
} rows[] = {
    {"{}", "{}"},
    {"{\"logout_devices\":true,\"password\":\"secret\"}", "{\"logout_devices\":true,\"password\":\"***\"}"},
    {"{\"uses_allowed\":3,\"score\":-1.5,\"valid\":null,\"x\":false}",
     "{\"uses_allowed\":3,\"score\":-1.5,\"valid\":null,\"x\":false}"},
    {"{\"a\":\"true\",\"b\":\"false\",\"c\":\"True\"}", "{\"a\":\"true\",\"b\":\"false\",\"c\":\"***\"}"},
    {"{\"reason\":\"spam\",\"user_id\":\"@a:b\",\"unknown\":\"text\"}",
     "{\"reason\":\"spam\",\"user_id\":\"@a:b\",\"unknown\":\"***\"}"},
    {"{\"room_id_or_alias\":\"#a:b\"}", "{\"room_id_or_alias\":\"#a:b\"}"},
    {"{\"content\":{\"msgtype\":\"m.text\",\"body\":\"hi\",\"pin\":\"1\"}}",
     "{\"content\":{\"msgtype\":\"m.text\",\"body\":\"hi\",\"pin\":\"***\"}}"},
    {"{\"devices\":[\"A\",\"B\"],\"tokens\":[\"C\",7]}",
     "{\"devices\":[\"A\",\"B\"],\"tokens\":[\"***\",7]}"},
    {"{\"devices\":[1,2,3,4,5,6,7,8]}", "{\"devices\":[1,2,3,4,5,6,7,8]}"},
    {"{\"devices\":[1,2,3,4,5,6,7,8,9,10]}", "{\"devices\":[1,2,3,4,5,6,7,8,\"…\"]}"},
    {"{\"a\":{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"9\":9,\"10\":10}}",
     "{\"a\":{\"1\":1,\"2\":2,\"3\":3,\"4\":4,\"5\":5,\"6\":6,\"7\":7,\"8\":8,\"…\":\"…\"}}"},
    {"{\"a\":[[[[1]]]],\"b\":{\"b\":{\"b\":{}}}}", "{\"a\":[[[\"…\"]]],\"b\":{\"b\":{\"b\":{}}}}"},
};

static void keeps_what_is_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(kept(rows[i].given), rows[i].kept);
}

/* Under whatever name an API has a secret, or may have one, its text is not there. */
static void keeps_no_secret(void **state)
{
    static const char *const names[] = {
        "password",      "new_password", "passphrase",    "token", "access_token", "refresh_token",
        "login_token",   "as_token",     "hs_token",      "nonce", "mac",          "auth",
        "session",       "secret",       "client_secret", "key",   "signing_key",  "authorization",
        "password_hash", "pushkey",      "sid",           "code",  "Password",     "",
    };

    static const struct {
        const char *before, *after;
    } forms[] = {
        {"{", ":\"hidden\"}"},
        {"{", ":[\"hidden\"]}"},
        {"{\"content\":{", ":\"hidden\"}}"},
        {"{\"reason\":{", ":[[\"hidden\"]]}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
            const char *text;
            char given[128];

            snprintf(given, sizeof given, "%s\"%s\"%s", forms[k].before, names[i], forms[k].after);
            text = kept(given);
            assert_null(strstr(text, "hidden"));
            assert_non_null(strstr(text, "***"));
        }
    }
}

/* Long texts end between characters; the whole stays within its bound, whatever comes. */
static void is_bounded(void **state)
{
    json_t *parameters = json_object(), *back;
    char text[4096] = "";
    const char *result;

    (void)state;
    for (int i = 0; i < 100; i++)
        strcat(text, "é");
    assert_int_equal(audit_parameters_add_text(parameters, "reason", text), ERR_OK);
    assert_string_equal(json_string_value(json_object_get(parameters, "reason")), text);
    strcat(text, "x");
    assert_int_equal(audit_parameters_add_text(parameters, "reason", text), ERR_OK);
    strcpy(strchr(text, 'x'), "…");
    assert_string_equal(json_string_value(json_object_get(parameters, "reason")), text);
    memset(text, 'n', 65);
    text[65] = '\0';
    assert_int_equal(audit_parameters_add_text(parameters, text, "value"), ERR_OK);
    assert_string_equal(json_string_value(json_object_get(parameters, "…")), "***");
    for (int i = 0; i < 200; i++) {
        snprintf(text, sizeof text, "name %d", i);
        assert_int_equal(audit_parameters_add_text(parameters, text, "value"), ERR_OK);
    }
    result = audit_parameters_text(parameters, arena);
    assert_in_range(strlen(result), AUDIT_PARAMETERS_MAX - 30, AUDIT_PARAMETERS_MAX);
    back = json_loads(result, 0, NULL);
    assert_true(json_equal(back, parameters));
    json_decref(back);
    json_decref(parameters);
}

/* What alone would be too much gives way to what comes after it. */
static void one_is_not_in_the_way_of_others(void **state)
{
    json_t *many = json_array(), *parameters = json_object();
    char text[101];

    (void)state;
    memset(text, 'x', 100);
    text[100] = '\0';
    for (int i = 0; i < 8; i++) {
        json_t *inner = json_array();

        for (int k = 0; k < 8; k++)
            json_array_append_new(inner, json_string(text));
        json_array_append_new(many, inner);
    }
    assert_int_equal(audit_parameters_add(parameters, "devices", many), ERR_OK);
    assert_int_equal(audit_parameters_add_text(parameters, "reason", "spam"), ERR_OK);
    assert_string_equal(audit_parameters_text(parameters, arena), "{\"devices\":\"…\",\"reason\":\"spam\"}");
    json_decref(many);
    json_decref(parameters);
}

/* A value that was not made for want of memory is none that was given. */
static void memory_may_end_anywhere(void **state)
{
    static const char given[] =
        "{\"reason\":\"spam\",\"password\":\"x\",\"devices\":[\"A\",{\"a\":[1]}],\"n\":1}";
    const char *right = kept(given);

    (void)state;
    for (int n = 1;; n++) {
        const char *text;

        alloc_fail(n);
        text = kept(given);
        if (!alloc_failed())
            break;
        assert_true(!text || strcmp(text, right) == 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_what_is_open),
        TEST(keeps_no_secret),
        TEST(is_bounded),
        TEST(one_is_not_in_the_way_of_others),
        TEST(memory_may_end_anywhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
