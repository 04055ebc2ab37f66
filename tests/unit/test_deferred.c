/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/deferred.h"
#include "store/devices.h"

/* Tokens of the fixture. */
#define ADMIN_TOKEN  "LbsS8ahZmjkkP4s5yOWdNvdr_RA3SWRF8t9t2NSl7VY"
#define USER01_TOKEN "CXLPe0mSObiVUMkDrd_HIeHBda2S-oyslk8nIW1mJBI"

static const struct deferred_change grant = {0, DEFERRED_SET_ADMIN, "user01", DEFERRED_TRUE, "admin", 5};
static const struct deferred_change withdrawal = {0, DEFERRED_SET_ADMIN, "user01", DEFERRED_FALSE, "", 6};

struct listed {
    char text[512];
    enum err stop;
};

static enum err append(const struct deferred_change *change, void *context)
{
    struct listed *listed = context;
    size_t length = strlen(listed->text);

    snprintf(listed->text + length, sizeof listed->text - length, "%d %s %s %s %s %d\n", (int)change->id,
             deferred_kind_name(change->kind), change->target, change->parameters, change->actor,
             (int)change->created_ts);
    return listed->stop;
}

static void assert_listed(struct db *db, const char *text)
{
    struct listed listed = {0};

    assert_int_equal(deferred_list(db, append, &listed), ERR_OK);
    assert_string_equal(listed.text, text);
}

static void waits_in_order(void **state)
{
    struct database *d = *state;
    static const struct deferred_change changes[] = {
        {0, DEFERRED_SET_THREEPIDS, "user02", "[]", "admin", 7},
        {0, DEFERRED_DELETE_MEDIA, SERVER "/abc", DEFERRED_NOTHING, "admin", 8},
        {0, DEFERRED_REACTIVATE, "user01", DEFERRED_NOTHING, "", 9},
    };
    struct listed one = {.stop = ERR_NOMEM};

    assert_listed(d->db, "");
    assert_int_equal(deferred_put(d->db, &grant), ERR_OK);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        assert_int_equal(deferred_put(d->db, &changes[i]), ERR_OK);
    assert_listed(d->db, "1 set_admin user01 true admin 5\n"
                         "2 set_threepids user02 [] admin 7\n"
                         "3 delete_media example.org/abc null admin 8\n"
                         "4 reactivate user01 null  9\n");
    assert_int_equal(deferred_list(d->db, append, &one), ERR_NOMEM);
    assert_string_equal(one.text, "1 set_admin user01 true admin 5\n");
}

static void the_last_word_counts(void **state)
{
    struct database *d = *state;
    bool waits = true;

    assert_int_equal(deferred_waits(d->db, DEFERRED_SET_ADMIN, "user01", &waits), ERR_OK);
    assert_false(waits);
    assert_int_equal(deferred_put(d->db, &grant), ERR_OK);
    assert_int_equal(deferred_put(d->db, &withdrawal), ERR_OK);
    assert_listed(d->db, "2 set_admin user01 false  6\n");
    assert_int_equal(deferred_waits(d->db, DEFERRED_SET_ADMIN, "user01", &waits), ERR_OK);
    assert_true(waits);
    assert_int_equal(deferred_withdraw(d->db, DEFERRED_REACTIVATE, "user01"), ERR_OK);
    assert_int_equal(deferred_withdraw(d->db, DEFERRED_SET_ADMIN, "user0"), ERR_OK);
    assert_listed(d->db, "2 set_admin user01 false  6\n");
    assert_int_equal(deferred_withdraw(d->db, DEFERRED_SET_ADMIN, "user01"), ERR_OK);
    assert_listed(d->db, "");
}

/* Whoever cancels by the number that was shown never meets a change that came later. */
static void a_number_is_never_given_again(void **state)
{
    struct database *d = *state;

    assert_int_equal(deferred_put(d->db, &grant), ERR_OK);
    assert_int_equal(deferred_delete(d->db, 2), ERR_NOT_FOUND);
    assert_int_equal(deferred_delete(d->db, 1), ERR_OK);
    assert_int_equal(deferred_delete(d->db, 1), ERR_NOT_FOUND);
    assert_int_equal(deferred_put(d->db, &grant), ERR_OK);
    assert_listed(d->db, "2 set_admin user01 true admin 5\n");
}

static void a_kind_of_a_newer_program_is_no_guess(void **state)
{
    struct database *d = *state;
    struct listed listed = {0};

    run(d->db, "INSERT INTO mxadmin_deferred (kind, target, parameters, actor, created_ts)"
               " VALUES ('repaint', 'user01', '{}', '', 1)");
    assert_int_equal(deferred_list(d->db, append, &listed), ERR_CORRUPT);
}

/* What waits counts at once for who may call; what Dendrite thinks is still told. */
static void a_grant_counts_at_once(void **state)
{
    static const struct {
        const char *target, *parameters; /* NULL: nothing waits */
        const char *token;
        enum account_type type, own_type;
    } rows[] = {
        {NULL, NULL, USER01_TOKEN, ACCOUNT_USER, ACCOUNT_USER},
        {"user01", DEFERRED_TRUE, USER01_TOKEN, ACCOUNT_ADMIN, ACCOUNT_USER},
        {"user01", DEFERRED_FALSE, USER01_TOKEN, ACCOUNT_USER, ACCOUNT_USER},
        {"user0", DEFERRED_TRUE, USER01_TOKEN, ACCOUNT_USER, ACCOUNT_USER},
        {"admin", DEFERRED_FALSE, ADMIN_TOKEN, ACCOUNT_USER, ACCOUNT_ADMIN},
        {"user01", DEFERRED_TRUE, ADMIN_TOKEN, ACCOUNT_ADMIN, ACCOUNT_ADMIN},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct deferred_change change = {0, DEFERRED_SET_ADMIN, rows[i].target, rows[i].parameters, "", 1};
        struct token_owner owner;

        run(d->db, "DELETE FROM mxadmin_deferred");
        if (rows[i].target)
            assert_int_equal(deferred_put(d->db, &change), ERR_OK);
        assert_int_equal(devices_find_token(d->db, rows[i].token, SERVER, d->arena, &owner), ERR_OK);
        if (owner.type != rows[i].type || owner.own_type != rows[i].own_type)
            fail_msg("row %zu", i);
    }
}

/* Another kind of change for the same user is no grant. */
static void only_a_grant_is_one(void **state)
{
    static const struct deferred_change other = {0, DEFERRED_REACTIVATE, "user01", DEFERRED_TRUE, "", 1};
    struct database *d = *state;
    struct token_owner owner;

    assert_int_equal(deferred_put(d->db, &other), ERR_OK);
    assert_int_equal(devices_find_token(d->db, USER01_TOKEN, SERVER, d->arena, &owner), ERR_OK);
    assert_int_equal(owner.type, ACCOUNT_USER);
}

#define FRESH(test)    cmocka_unit_test_setup_teardown(test, database_new, database_end)
#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, database_of_dendrite_completed, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(waits_in_order),
        FRESH(the_last_word_counts),
        FRESH(a_number_is_never_given_again),
        FRESH(a_kind_of_a_newer_program_is_no_guess),
        DENDRITE(a_grant_counts_at_once),
        DENDRITE(only_a_grant_is_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
