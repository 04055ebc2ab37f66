/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/accounts.h"

static const struct account alice = {"alice", "$s1$hash", ACCOUNT_USER, false, 1700000000000};

static void finds_what_was_inserted(void **state)
{
    struct database *d = *state;
    struct account found;
    struct profile profile;
    enum account_type type;

    assert_int_equal(accounts_insert(d->db, &alice, SERVER, "Alice"), ERR_OK);
    assert_int_equal(accounts_find(d->db, "alice", SERVER, d->arena, &found), ERR_OK);
    assert_string_equal(found.localpart, "alice");
    assert_string_equal(found.password_hash, "$s1$hash");
    assert_int_equal(found.type, ACCOUNT_USER);
    assert_false(found.deactivated);
    assert_true(found.created_ts == 1700000000000);
    assert_int_equal(accounts_type(d->db, "alice", SERVER, &type), ERR_OK);
    assert_int_equal(type, ACCOUNT_USER);
    assert_int_equal(profiles_find(d->db, "alice", SERVER, d->arena, &profile), ERR_OK);
    assert_string_equal(profile.display_name, "Alice");
    assert_string_equal(profile.avatar_url, "");
    assert_int_equal(accounts_insert(d->db, &alice, SERVER, NULL), ERR_EXISTS);
}

/* Dendrite cannot read a NULL where it expects a text. */
static void writes_no_null_that_dendrite_reads(void **state)
{
    const struct account bare = {.localpart = "bare", .type = ACCOUNT_APPSERVICE};
    struct database *d = *state;

    assert_int_equal(accounts_insert(d->db, &bare, SERVER, NULL), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_accounts WHERE localpart = 'bare'"
                                   " AND password_hash = '' AND appservice_id IS NULL AND is_deactivated = 0"
                                   " AND account_type = 4"),
                     1);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_profiles WHERE localpart = 'bare'"
                                   " AND display_name = '' AND avatar_url = ''"),
                     1);
}

static void a_new_account_inherits_no_profile(void **state)
{
    struct database *d = *state;
    struct profile profile;

    run(d->db, "INSERT INTO userapi_profiles VALUES ('alice', '" SERVER "', 'Old', 'mxc://x/y')");
    assert_int_equal(accounts_insert(d->db, &alice, SERVER, "New"), ERR_OK);
    assert_int_equal(profiles_find(d->db, "alice", SERVER, d->arena, &profile), ERR_OK);
    assert_string_equal(profile.display_name, "New");
    assert_string_equal(profile.avatar_url, "");
}

static void knows_nobody_else(void **state)
{
    static const struct {
        const char *localpart, *server_name;
    } rows[] = {
        {"bob", SERVER}, {"", SERVER}, {"ALICE", SERVER}, {"alice", "example.com"}, {"alice'--", SERVER}};
    struct database *d = *state;
    struct account account;
    struct profile profile;
    enum account_type type;

    assert_int_equal(accounts_insert(d->db, &alice, SERVER, NULL), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *localpart = rows[i].localpart, *server = rows[i].server_name;

        assert_int_equal(accounts_find(d->db, localpart, server, d->arena, &account), ERR_NOT_FOUND);
        assert_int_equal(accounts_type(d->db, localpart, server, &type), ERR_NOT_FOUND);
        assert_int_equal(profiles_find(d->db, localpart, server, d->arena, &profile), ERR_NOT_FOUND);
        assert_int_equal(accounts_set_password(d->db, localpart, server, "x"), ERR_NOT_FOUND);
        assert_int_equal(accounts_set_type(d->db, localpart, server, ACCOUNT_ADMIN), ERR_NOT_FOUND);
        assert_int_equal(accounts_deactivate(d->db, localpart, server), ERR_NOT_FOUND);
    }
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_accounts WHERE account_type = 1"
                                   " AND password_hash = '$s1$hash' AND is_deactivated = 0"),
                     1);
}

static void changes_one_column(void **state)
{
    struct database *d = *state;
    struct account found;

    assert_int_equal(accounts_insert(d->db, &alice, SERVER, NULL), ERR_OK);
    assert_int_equal(accounts_set_password(d->db, "alice", SERVER, "other"), ERR_OK);
    assert_int_equal(accounts_set_password(d->db, "alice", SERVER, "other"), ERR_OK);
    assert_int_equal(accounts_set_type(d->db, "alice", SERVER, ACCOUNT_ADMIN), ERR_OK);
    assert_int_equal(accounts_find(d->db, "alice", SERVER, d->arena, &found), ERR_OK);
    assert_string_equal(found.password_hash, "other");
    assert_int_equal(found.type, ACCOUNT_ADMIN);
}

/* Of the fixture: user01 has a pusher; the rest is added, for a neighbour too. */
static void deactivating_takes_all_access(void **state)
{
    static const char *const tables[] = {
        "SELECT COUNT(*) FROM userapi_threepids",
        "SELECT COUNT(*) FROM userapi_pushers",
        "SELECT COUNT(*) FROM userapi_openid_tokens",
        "SELECT COUNT(*) FROM userapi_login_tokens",
    };
    struct database *d = *state;
    struct account found;

    run(d->db, "INSERT INTO userapi_threepids VALUES ('a@x', 'email', 'user01', '" SERVER "'),"
               " ('b@x', 'email', 'user02', '" SERVER "')");
    run(d->db, "INSERT INTO userapi_openid_tokens VALUES ('a', 'user01', '" SERVER
               "', 1), ('b', 'user02', '" SERVER "', 1)");
    run(d->db, "INSERT INTO userapi_login_tokens VALUES ('a', 1, '@user01:" SERVER
               "'), ('b', 1, '@user02:" SERVER "')");
    run(d->db, "INSERT INTO userapi_pushers SELECT 2, 'user02', server_name, 5, profile_tag, kind, app_id,"
               " app_display_name, device_display_name, 'k2', 1, lang, data FROM userapi_pushers");
    for (int again = 0; again < 2; again++) {
        assert_int_equal(accounts_deactivate(d->db, "user01", SERVER), ERR_OK);
        for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
            assert_int_equal(number(d->db, tables[i]), 1);
    }
    assert_int_equal(accounts_find(d->db, "user01", SERVER, d->arena, &found), ERR_OK);
    assert_true(found.deactivated);
    assert_string_equal(found.password_hash, "");
    assert_int_equal(accounts_find(d->db, "user02", SERVER, d->arena, &found), ERR_OK);
    assert_false(found.deactivated);
    assert_string_not_equal(found.password_hash, "");
}

struct seen {
    int count;
    char last[32];
    enum err stop; /* at the third */
};

static enum err see(const struct account *account, void *context)
{
    struct seen *seen = context;

    assert_true(strcmp(seen->last, account->localpart) < 0);
    snprintf(seen->last, sizeof seen->last, "%s", account->localpart);
    return ++seen->count == 3 ? seen->stop : ERR_OK;
}

static void lists_in_order_until_told_to_stop(void **state)
{
    struct database *d = *state;
    struct seen all = {0}, some = {.stop = ERR_DENIED}, none = {0};

    assert_int_equal(accounts_list(d->db, SERVER, see, &all), ERR_OK);
    assert_int_equal(all.count, 32);
    assert_int_equal(accounts_list(d->db, SERVER, see, &some), ERR_DENIED);
    assert_int_equal(some.count, 3);
    assert_int_equal(accounts_list(d->db, "example.com", see, &none), ERR_OK);
    assert_int_equal(none.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_what_was_inserted, database_new, database_end),
        cmocka_unit_test_setup_teardown(writes_no_null_that_dendrite_reads, database_new, database_end),
        cmocka_unit_test_setup_teardown(a_new_account_inherits_no_profile, database_new, database_end),
        cmocka_unit_test_setup_teardown(knows_nobody_else, database_new, database_end),
        cmocka_unit_test_setup_teardown(changes_one_column, database_new, database_end),
        cmocka_unit_test_setup_teardown(deactivating_takes_all_access, database_of_dendrite_completed,
                                        database_end),
        cmocka_unit_test_setup_teardown(lists_in_order_until_told_to_stop, database_of_dendrite_completed,
                                        database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
