/* SPDX-License-Identifier: ISC */
#include "database.h"

#include "base/clock.h"
#include "crypto/base64.h"
#include "handler/handlers.h"
#include "matrix/signed_json.h"

#define WEEK_MS INT64_C(604800000)

static struct call call_on(struct database *d, struct app *app, struct config *config, char *key)
{
    config->server_name = (char *)(uintptr_t)SERVER;
    config->signing_key = key;
    *app = (struct app){.config = config, .db = d->db};
    return (struct call){.app = app, .arena = d->arena};
}

/* Whoever asks can check with the key that the answer is this server's. */
static void signs_with_the_key_that_it_shows(void **state)
{
    struct database *d = *state;
    unsigned char public[ED25519_PUBLIC_SIZE];
    size_t size = sizeof public;
    struct config config = {0};
    struct app app;
    char path[128];
    struct call call = call_on(d, &app, &config, path);
    const char *id, *text;
    json_t *answer, *keys, *key;
    json_int_t until;

    snprintf(path, sizeof path, "%s/key.pem", d->folder);
    assert_int_equal(signing_key_create(path), ERR_OK);
    answer = server_key_get(&call);
    assert_non_null(answer);
    assert_string_equal(json_string_value(json_object_get(answer, "server_name")), SERVER);
    keys = json_object_get(answer, "verify_keys");
    assert_int_equal(json_object_size(keys), 1);
    json_object_foreach(keys, id, key)
    {
        text = json_string_value(json_object_get(key, "key"));
        assert_non_null(text);
        assert_null(strchr(text, '=')); /* unpadded */
        assert_int_equal(base64_decode(text, public, &size), ERR_OK);
        assert_int_equal(size, sizeof public);
        assert_int_equal(signed_json_verify(answer, SERVER, id, public), ERR_OK);
    }
    until = json_integer_value(json_object_get(answer, "valid_until_ts"));
    assert_true(until > clock_now_ms() && until < clock_now_ms() + WEEK_MS);
    json_decref(answer);
}

static void has_no_answer_without_a_key(void **state)
{
    struct database *d = *state;
    struct config config = {0};
    struct app app;
    char path[] = "/nonexistent/key.pem";
    struct call call = call_on(d, &app, &config, path);

    assert_null(server_key_get(&call));
    assert_int_equal(call.reply.status, 500);
    reply_free(&call.reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(signs_with_the_key_that_it_shows, database_new, database_end),
        cmocka_unit_test_setup_teardown(has_no_answer_without_a_key, database_new, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
