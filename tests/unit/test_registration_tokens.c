/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/registration_tokens.h"

struct seen {
    char text[256];
    enum err stop;
};

static enum err see(const struct registration_token *token, void *context)
{
    struct seen *seen = context;
    size_t length = strlen(seen->text);

    snprintf(seen->text + length, sizeof seen->text - length, "%s %lld %lld %lld %lld\n", token->token,
             (long long)token->uses_allowed, (long long)token->pending, (long long)token->completed,
             (long long)token->expiry_ts);
    return seen->stop;
}

static void lists_what_dendrite_has_stored(void **state)
{
    struct database *d = *state;
    struct seen all = {0}, one = {.stop = ERR_NOMEM};

    assert_int_equal(registration_tokens_list(d->db, see, &all), ERR_OK);
    assert_string_equal(all.text, "4TsAYvZOkXkN6ndY 3 0 0 -1\nwelcome -1 0 0 -1\nold -1 0 0 4102444800000\n");
    assert_int_equal(registration_tokens_list(d->db, see, &one), ERR_NOMEM);
    assert_string_equal(one.text, "4TsAYvZOkXkN6ndY 3 0 0 -1\n");
}

/* What has no bound is NULL in Dendrite's table, and what it has not begun is 0. */
static void stores_as_dendrite_does(void **state)
{
    static const struct registration_token open = {.token = "open", .uses_allowed = -1, .expiry_ts = -1};
    static const struct registration_token bounded = {
        .token = "bounded", .uses_allowed = 0, .pending = 1, .completed = 2, .expiry_ts = 0};
    struct database *d = *state;
    struct registration_token found;

    assert_int_equal(registration_tokens_insert(d->db, &open), ERR_OK);
    assert_int_equal(registration_tokens_insert(d->db, &bounded), ERR_OK);
    assert_int_equal(registration_tokens_insert(d->db, &open), ERR_EXISTS);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_registration_tokens WHERE token = 'open'"
                                   " AND uses_allowed IS NULL AND expiry_time IS NULL AND pending = 0"
                                   " AND completed = 0"),
                     1);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_registration_tokens WHERE token = 'bounded'"
                                   " AND uses_allowed = 0 AND expiry_time = 0 AND pending = 1"
                                   " AND completed = 2"),
                     1);
    assert_int_equal(registration_tokens_find(d->db, "bounded", d->arena, &found), ERR_OK);
    assert_string_equal(found.token, "bounded");
    assert_int_equal(found.completed, 2);
    assert_int_equal(registration_tokens_find(d->db, "Bounded", d->arena, &found), ERR_NOT_FOUND);
}

static void sets_bounds_and_nothing_else(void **state)
{
    struct registration_token token = {
        .token = "welcome", .uses_allowed = 7, .pending = 8, .completed = 9, .expiry_ts = 10};
    struct database *d = *state;
    struct seen after = {0};

    assert_int_equal(registration_tokens_update(d->db, &token), ERR_OK);
    token = (struct registration_token){.token = "old", .uses_allowed = -1, .expiry_ts = -1};
    assert_int_equal(registration_tokens_update(d->db, &token), ERR_OK);
    token.token = "nothing";
    assert_int_equal(registration_tokens_update(d->db, &token), ERR_NOT_FOUND);
    assert_int_equal(registration_tokens_list(d->db, see, &after), ERR_OK);
    assert_string_equal(after.text, "4TsAYvZOkXkN6ndY 3 0 0 -1\nwelcome 7 0 0 10\nold -1 0 0 -1\n");
    assert_int_equal(
        number(d->db, "SELECT COUNT(*) FROM userapi_registration_tokens WHERE expiry_time IS NULL"), 2);
}

static void deletes_one(void **state)
{
    struct database *d = *state;
    struct seen after = {0};

    assert_int_equal(registration_tokens_delete(d->db, "welcome"), ERR_OK);
    assert_int_equal(registration_tokens_delete(d->db, "welcome"), ERR_NOT_FOUND);
    assert_int_equal(registration_tokens_delete(d->db, "%"), ERR_NOT_FOUND);
    assert_int_equal(registration_tokens_list(d->db, see, &after), ERR_OK);
    assert_string_equal(after.text, "4TsAYvZOkXkN6ndY 3 0 0 -1\nold -1 0 0 4102444800000\n");
}

static void tells_which_are_valid(void **state)
{
    static const struct {
        int64_t uses_allowed, pending, completed, expiry_ts;
        bool valid; /* at 1000 */
    } rows[] = {
        {-1, 0, 0, -1, true},   {-1, 5, 5, -1, true},    {0, 0, 0, -1, false}, {1, 0, 0, -1, true},
        {3, 1, 1, -1, true},    {3, 1, 2, -1, false},    {3, 3, 0, -1, false}, {1, 2, 2, -1, false},
        {-1, 0, 0, 1001, true}, {-1, 0, 0, 1000, false}, {-1, 0, 0, 0, false}, {1, 0, 0, 999, false},
        {1, 1, 0, 2000, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct registration_token token = {.token = "t",
                                                 .uses_allowed = rows[i].uses_allowed,
                                                 .pending = rows[i].pending,
                                                 .completed = rows[i].completed,
                                                 .expiry_ts = rows[i].expiry_ts};

        if (registration_token_valid(&token, 1000) != rows[i].valid)
            fail_msg("row %zu", i);
    }
}

#define FRESH(test)    cmocka_unit_test_setup_teardown(test, database_new, database_end)
#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, database_of_dendrite_completed, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DENDRITE(lists_what_dendrite_has_stored), FRESH(stores_as_dendrite_does),
        DENDRITE(sets_bounds_and_nothing_else),   DENDRITE(deletes_one),
        cmocka_unit_test(tells_which_are_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
