/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "homeserver/token_bounds.h"

/* What is read from a text; `valid` false: nothing. */
static const struct {
    const char *text;
    bool valid;
    int64_t uses_allowed, expiry_ts;
} texts[] = {
    {"{\"uses_allowed\":7,\"expiry_time\":4102444800000}", true, 7, 4102444800000},
    {"{\"uses_allowed\":0,\"expiry_time\":null}", true, 0, -1},
    {"{\"uses_allowed\":null,\"expiry_time\":0}", true, -1, 0},
    {"{\"uses_allowed\":7}", false, 0, 0},
    {"{\"uses_allowed\":-1,\"expiry_time\":null}", false, 0, 0},
    {"{\"uses_allowed\":7,\"expiry_time\":1.5}", false, 0, 0},
    {"{\"uses_allowed\":\"7\",\"expiry_time\":null}", false, 0, 0},
    {"null", false, 0, 0},
    {"[7, null]", false, 0, 0},
    {"{", false, 0, 0},
    {"", false, 0, 0},
};

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct registration_token token = {.uses_allowed = 5, .expiry_ts = 6};
        bool valid = token_bounds_read(texts[i].text, &token);

        if (valid != texts[i].valid || token.uses_allowed != (valid ? texts[i].uses_allowed : 5) ||
            token.expiry_ts != (valid ? texts[i].expiry_ts : 6))
            fail_msg("%s", texts[i].text);
    }
}

static void reads_what_it_writes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && texts[i].valid; i++) {
        struct registration_token token = {.uses_allowed = texts[i].uses_allowed,
                                           .expiry_ts = texts[i].expiry_ts};
        char *text = token_bounds_text(&token);

        assert_string_equal(text, texts[i].text);
        free(text);
    }
}

/* The change of the token, and of no other. */
static void finds_what_waits(void **state)
{
    struct database *d = *state;
    const struct deferred_change change = {
        .kind = DEFERRED_SET_REGISTRATION_TOKEN, .target = "abc", .parameters = texts[0].text, .actor = ""};
    struct registration_token token = {.token = "abc", .uses_allowed = 1, .expiry_ts = -1};
    struct registration_token other = {.token = "abcd", .uses_allowed = 1, .expiry_ts = -1};
    bool waits = true;

    assert_int_equal(token_bounds_waiting(d->db, d->arena, &token, &waits), ERR_OK);
    assert_false(waits);
    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    assert_int_equal(db_end(d->db, deferred_put(d->db, &change)), ERR_OK);
    assert_int_equal(token_bounds_waiting(d->db, d->arena, &other, &waits), ERR_OK);
    assert_true(!waits && other.uses_allowed == 1);
    assert_int_equal(token_bounds_waiting(d->db, d->arena, &token, &waits), ERR_OK);
    assert_true(waits && token.uses_allowed == 7 && token.expiry_ts == 4102444800000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test_setup_teardown(finds_what_waits, database_of_dendrite_completed, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
