/* SPDX-License-Identifier: ISC */
#include "crypto/password.h"
#include "database.h"
#include "homeserver/homeserver.h"
#include "store/devices.h"

static char server_name[] = SERVER;

/* The cheapest cost there is: what is tested is what is done with hashes. */
static const struct config bcrypt = {
    .server_name = server_name, .password_hash = CONFIG_PASSWORD_BCRYPT, .bcrypt_cost = 4};
static const struct config dearer = {
    .server_name = server_name, .password_hash = CONFIG_PASSWORD_BCRYPT, .bcrypt_cost = 5};
static const struct config scrypt = {.server_name = server_name,
                                     .password_hash = CONFIG_PASSWORD_SCRYPT,
                                     .scrypt_log2_n = 15,
                                     .scrypt_r = 8,
                                     .scrypt_p = 1};

static const struct client browser = {NULL, "Browser", "192.0.2.1", "Firefox"};
static const struct client phone = {"PHONE", NULL, "192.0.2.2", "Element"};

static struct homeserver homeserver_for(const struct database *d, const struct config *config)
{
    struct homeserver hs;
    struct gate *gate;
    char path[128];

    snprintf(path, sizeof path, "%s/gate", d->folder);
    assert_int_equal(gate_open(&gate, path, 2), ERR_OK);
    assert_int_equal(homeserver_open(&hs, config, d->db, gate), ERR_OK);
    return hs;
}

static void end_homeserver(struct homeserver *hs)
{
    struct gate *gate = hs->gate;

    homeserver_close(hs);
    gate_close(&gate);
}

static void create(struct homeserver *hs, const char *localpart, const char *password)
{
    const struct new_account account = {localpart, password, NULL, ACCOUNT_USER};

    assert_int_equal(homeserver_create_account(hs, &account, NULL, NULL, NULL), ERR_OK);
}

static const char *hash_of(const struct database *d, const char *localpart)
{
    struct account account;

    assert_int_equal(accounts_find(d->db, localpart, SERVER, d->arena, &account), ERR_OK);
    return account.password_hash;
}

/* All that an act may change, as one number: nothing happened if it is the same again. */
static int64_t fingerprint(struct db *db)
{
    static const char sql[] =
        "SELECT (SELECT COUNT(*) FROM userapi_devices) * 1000000 + (SELECT COUNT(*) FROM userapi_accounts) * "
        "1000"
        " + (SELECT COUNT(*) FROM userapi_profiles) + (SELECT TOTAL(unicode(substr(password_hash, 30, 1)))"
        " + TOTAL(is_deactivated) + TOTAL(account_type) FROM userapi_accounts) * 100000000";

    return number(db, sql);
}

static void creates_an_account_with_a_session(void **state)
{
    static const struct new_account alice = {"alice", "correct horse", "Alice", ACCOUNT_ADMIN};
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct token_owner owner;
    struct profile profile;
    struct session session;
    int64_t before;

    assert_int_equal(homeserver_create_account(&hs, &alice, &browser, d->arena, &session), ERR_OK);
    assert_string_equal(session.user_id, "@alice:" SERVER);
    assert_int_equal(devices_find_token(d->db, session.access_token, SERVER, d->arena, &owner), ERR_OK);
    assert_string_equal(owner.device_id, session.device_id);
    assert_int_equal(owner.type, ACCOUNT_ADMIN);
    assert_int_equal(profiles_find(d->db, "alice", SERVER, d->arena, &profile), ERR_OK);
    assert_string_equal(profile.display_name, "Alice");
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices WHERE display_name = 'Browser'"
                                   " AND ip = '192.0.2.1' AND user_agent = 'Firefox'"),
                     1);
    before = fingerprint(d->db);
    assert_int_equal(homeserver_create_account(&hs, &alice, &browser, d->arena, &session), ERR_EXISTS);
    assert_true(fingerprint(d->db) == before);
    end_homeserver(&hs);
}

static void an_account_without_password_cannot_sign_in(void **state)
{
    static const char *const passwords[] = {"", "password", "*"};
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct session session;

    create(&hs, "robot", NULL);
    assert_string_equal(hash_of(d, "robot"), "");
    for (size_t i = 0; i < sizeof passwords / sizeof passwords[0]; i++)
        assert_int_equal(homeserver_sign_in(&hs, "robot", passwords[i], &browser, d->arena, &session),
                         ERR_DENIED);
    end_homeserver(&hs);
}

static void signs_in(void **state)
{
    static const struct {
        const char *localpart, *password;
        enum err result;
    } rows[] = {
        {"alice", "correct horse", ERR_OK},
        {"alice", "wrong horse", ERR_DENIED},
        {"alice", "", ERR_DENIED},
        {"alice", "correct horse ", ERR_DENIED},
        {"nobody", "correct horse", ERR_DENIED},
        {"", "correct horse", ERR_DENIED},
        {"gone", "correct horse", ERR_DEACTIVATED},
        {"gone", "wrong horse", ERR_DENIED},
    };
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct session session;

    create(&hs, "alice", "correct horse");
    create(&hs, "gone", "correct horse");
    run(d->db,
        "UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart = 'gone'"); /* as Dendrite does */
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t before = fingerprint(d->db);
        enum err e =
            homeserver_sign_in(&hs, rows[i].localpart, rows[i].password, &browser, d->arena, &session);

        if (e != rows[i].result)
            fail_msg("row %zu: %s", i, err_text(e));
        assert_true(fingerprint(d->db) - before == (e ? 0 : 1000000));
    }
    end_homeserver(&hs);
}

static void a_known_device_gets_a_new_token(void **state)
{
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct client named = phone;
    struct session first, second;
    struct token_owner owner;

    named.display_name = "My phone";
    create(&hs, "alice", "correct horse");
    assert_int_equal(homeserver_sign_in(&hs, "alice", "correct horse", &named, d->arena, &first), ERR_OK);
    assert_int_equal(homeserver_sign_in(&hs, "alice", "correct horse", &phone, d->arena, &second), ERR_OK);
    assert_string_equal(second.device_id, "PHONE");
    assert_string_not_equal(first.access_token, second.access_token);
    assert_int_equal(devices_find_token(d->db, first.access_token, SERVER, d->arena, &owner), ERR_NOT_FOUND);
    assert_int_equal(devices_find_token(d->db, second.access_token, SERVER, d->arena, &owner), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices WHERE display_name = 'My phone'"),
                     1);
    end_homeserver(&hs);
}

static void renews_an_outdated_hash(void **state)
{
    static const struct {
        const struct config *config;
        const char *prefix; /* of the hash after signing in */
    } rows[] = {{&bcrypt, "$2b$04$"}, {&dearer, "$2b$05$"}, {&scrypt, "$s1$"}, {&bcrypt, "$2b$04$"}};
    struct database *d = *state;
    struct session session;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct homeserver hs = homeserver_for(d, rows[i].config);
        const char *hash, *again;

        if (i == 0)
            create(&hs, "alice", "correct horse");
        assert_int_equal(homeserver_sign_in(&hs, "alice", "wrong horse", &phone, d->arena, &session),
                         ERR_DENIED);
        assert_int_equal(homeserver_sign_in(&hs, "alice", "correct horse", &phone, d->arena, &session),
                         ERR_OK);
        hash = hash_of(d, "alice");
        assert_memory_equal(hash, rows[i].prefix, strlen(rows[i].prefix));
        assert_int_equal(homeserver_sign_in(&hs, "alice", "correct horse", &phone, d->arena, &session),
                         ERR_OK);
        again = hash_of(d, "alice");
        assert_string_equal(hash, again); /* only once */
        end_homeserver(&hs);
    }
}

static void begins_a_session_without_password(void **state)
{
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct session session;
    struct token_owner owner;

    create(&hs, "alice", NULL);
    assert_int_equal(homeserver_begin_session(&hs, "alice", &phone, d->arena, &session), ERR_OK);
    assert_int_equal(devices_find_token(d->db, session.access_token, SERVER, d->arena, &owner), ERR_OK);
    assert_int_equal(homeserver_begin_session(&hs, "bob", &phone, d->arena, &session), ERR_NOT_FOUND);
    assert_int_equal(homeserver_deactivate(&hs, "alice"), ERR_OK);
    assert_int_equal(homeserver_begin_session(&hs, "alice", &phone, d->arena, &session), ERR_DEACTIVATED);
    end_homeserver(&hs);
}

static void sets_a_password(void **state)
{
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct session kept, ended;
    struct token_owner owner;

    create(&hs, "alice", "correct horse");
    assert_int_equal(homeserver_begin_session(&hs, "alice", &phone, d->arena, &kept), ERR_OK);
    assert_int_equal(homeserver_begin_session(&hs, "alice", &browser, d->arena, &ended), ERR_OK);
    assert_int_equal(homeserver_set_password(&hs, "bob", "battery staple", true, NULL), ERR_NOT_FOUND);
    assert_int_equal(homeserver_set_password(&hs, "alice", "battery staple", false, NULL), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 2);
    assert_int_equal(homeserver_sign_in(&hs, "alice", "correct horse", &phone, d->arena, &kept), ERR_DENIED);
    assert_int_equal(homeserver_set_password(&hs, "alice", "third time", true, kept.access_token), ERR_OK);
    assert_int_equal(devices_find_token(d->db, kept.access_token, SERVER, d->arena, &owner), ERR_OK);
    assert_int_equal(devices_find_token(d->db, ended.access_token, SERVER, d->arena, &owner), ERR_NOT_FOUND);
    assert_int_equal(homeserver_set_password(&hs, "alice", "fourth time", true, NULL), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 0);
    assert_int_equal(homeserver_sign_in(&hs, "alice", "fourth time", &phone, d->arena, &kept), ERR_OK);
    end_homeserver(&hs);
}

static void ends_sessions(void **state)
{
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct session session;

    create(&hs, "alice", NULL);
    assert_int_equal(homeserver_begin_session(&hs, "alice", &phone, d->arena, &session), ERR_OK);
    assert_int_equal(homeserver_end_session(&hs, "alice", "PHONE"), ERR_OK);
    assert_int_equal(homeserver_end_session(&hs, "alice", "PHONE"), ERR_NOT_FOUND);
    assert_int_equal(homeserver_begin_session(&hs, "alice", &phone, d->arena, &session), ERR_OK);
    assert_int_equal(homeserver_begin_session(&hs, "alice", &browser, d->arena, &session), ERR_OK);
    assert_int_equal(homeserver_end_sessions(&hs, "alice"), ERR_OK);
    assert_int_equal(homeserver_end_sessions(&hs, "alice"), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 0);
    end_homeserver(&hs);
}

static void makes_admins(void **state)
{
    static const struct {
        enum account_type type;
        bool admin;
        enum err result;
        enum account_type after;
    } rows[] = {
        {ACCOUNT_USER, true, ERR_OK, ACCOUNT_ADMIN},
        {ACCOUNT_ADMIN, true, ERR_OK, ACCOUNT_ADMIN},
        {ACCOUNT_ADMIN, false, ERR_OK, ACCOUNT_USER},
        {ACCOUNT_USER, false, ERR_OK, ACCOUNT_USER},
        {ACCOUNT_GUEST, true, ERR_INVALID, ACCOUNT_GUEST},
        {ACCOUNT_APPSERVICE, true, ERR_INVALID, ACCOUNT_APPSERVICE},
        {ACCOUNT_APPSERVICE, false, ERR_INVALID, ACCOUNT_APPSERVICE},
    };
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    enum account_type type;

    create(&hs, "alice", NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(accounts_set_type(d->db, "alice", SERVER, rows[i].type), ERR_OK);
        assert_int_equal(homeserver_set_admin(&hs, "alice", rows[i].admin), rows[i].result);
        assert_int_equal(accounts_type(d->db, "alice", SERVER, &type), ERR_OK);
        assert_int_equal(type, rows[i].after);
    }
    assert_int_equal(homeserver_set_admin(&hs, "bob", true), ERR_NOT_FOUND);
    end_homeserver(&hs);
}

static void deactivates(void **state)
{
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct session session;

    create(&hs, "alice", "correct horse");
    assert_int_equal(homeserver_begin_session(&hs, "alice", &phone, d->arena, &session), ERR_OK);
    assert_int_equal(homeserver_deactivate(&hs, "alice"), ERR_OK);
    assert_int_equal(homeserver_deactivate(&hs, "alice"), ERR_OK);
    assert_int_equal(homeserver_deactivate(&hs, "bob"), ERR_NOT_FOUND);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 0);
    assert_int_equal(homeserver_sign_in(&hs, "alice", "correct horse", &phone, d->arena, &session),
                     ERR_DENIED);
    end_homeserver(&hs);
}

/* The last statement of each act is made to fail: what went before it has not happened either. */
static void acts_are_whole(void **state)
{
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &dearer);
    const struct new_account bob = {"bob", "correct horse", NULL, ACCOUNT_USER};
    struct homeserver cheap = hs;
    struct session session;
    int64_t before;

    cheap.config = &bcrypt;
    create(&cheap, "alice", "correct horse");
    assert_int_equal(homeserver_begin_session(&hs, "alice", &browser, d->arena, &session), ERR_OK);
    run(d->db,
        "CREATE TRIGGER no_insert BEFORE INSERT ON userapi_devices BEGIN SELECT RAISE(ABORT, 'no'); END");
    run(d->db,
        "CREATE TRIGGER no_delete BEFORE DELETE ON userapi_devices BEGIN SELECT RAISE(ABORT, 'no'); END");
    before = fingerprint(d->db);
    assert_int_not_equal(homeserver_create_account(&hs, &bob, &phone, d->arena, &session), ERR_OK);
    assert_int_not_equal(homeserver_sign_in(&hs, "alice", "correct horse", &phone, d->arena, &session),
                         ERR_OK);
    assert_memory_equal(hash_of(d, "alice"), "$2b$04$", 7); /* not renewed without the session */
    assert_int_not_equal(homeserver_set_password(&hs, "alice", "battery staple", true, NULL), ERR_OK);
    assert_int_not_equal(homeserver_deactivate(&hs, "alice"), ERR_OK);
    assert_true(fingerprint(d->db) == before);
    end_homeserver(&hs);
}

static int registers(const struct database *d, int i)
{
    const struct new_account account = {"wanted", "correct horse", NULL, ACCOUNT_USER};
    struct database mine = *d;
    struct session session;
    struct homeserver hs;
    enum err e;

    (void)i;
    if (db_open(&mine.db, d->path))
        return 124;
    hs = homeserver_for(&mine, &bcrypt);
    e = homeserver_create_account(&hs, &account, &browser, mine.arena, &session);
    end_homeserver(&hs);
    db_close(&mine.db);
    return (int)e;
}

static void a_name_is_given_once(void **state)
{
    struct database *d = *state;
    int results[PROCESSES_MAX];

    at_once(20, registers, d, results);
    assert_int_equal(count_of(results, 20, ERR_OK), 1);
    assert_int_equal(count_of(results, 20, ERR_EXISTS), 19);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 1);
}

/* Workers that sign in with the old password, each renewing what the other made; the first then resets it. */
static int signs_in_often(const struct database *d, int i)
{
    struct database mine = *d;
    struct session session;
    struct homeserver hs;
    enum err e = ERR_OK;

    if (db_open(&mine.db, d->path))
        return 124;
    hs = homeserver_for(&mine, i % 2 ? &bcrypt : &dearer);
    for (int n = 0; e != ERR_DENIED && n < 10; n++)
        e = homeserver_sign_in(&hs, "alice", "correct horse", &browser, mine.arena, &session);
    if (i == 0)
        e = homeserver_set_password(&hs, "alice", "battery staple", true, NULL);
    end_homeserver(&hs);
    db_close(&mine.db);
    return (int)e;
}

static void no_session_outlives_the_password_it_was_begun_with(void **state)
{
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    int results[PROCESSES_MAX];

    create(&hs, "alice", "correct horse");
    end_homeserver(&hs);
    at_once(4, signs_in_often, d, results);
    assert_int_equal(results[0], ERR_OK);
    for (int i = 1; i < 4; i++) /* done before the reset, refused after it, or asked to come back */
        assert_true(results[i] == ERR_OK || results[i] == ERR_DENIED || results[i] == ERR_BUSY);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 0);
}

static void reactivates(void **state)
{
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);
    struct session session;

    create(&hs, "alice", "correct horse");
    assert_int_equal(homeserver_reactivate(&hs, "nobody", "another horse"), ERR_NOT_FOUND);
    assert_int_equal(homeserver_reactivate(&hs, "alice", NULL), ERR_OK); /* fine, and nothing happens */
    assert_int_equal(homeserver_sign_in(&hs, "alice", "correct horse", &browser, d->arena, &session), ERR_OK);
    assert_int_equal(homeserver_deactivate(&hs, "alice"), ERR_OK);
    assert_int_equal(homeserver_reactivate(&hs, "alice", NULL), ERR_OK);
    assert_string_equal(hash_of(d, "alice"), ""); /* as it was left: nobody can sign in yet */
    assert_int_equal(homeserver_reactivate(&hs, "alice", "another horse"), ERR_OK);
    assert_int_equal(homeserver_sign_in(&hs, "alice", "another horse", &browser, d->arena, &session), ERR_OK);
    end_homeserver(&hs);
}

static void replaces_third_party_ids(void **state)
{
    static const struct identity two[] = {{"email", "a@example.org"}, {"msisdn", "447470274584"}};
    static const char sql_of_alice[] = "SELECT COUNT(*) FROM userapi_threepids WHERE localpart = 'alice'";
    struct database *d = *state;
    struct homeserver hs = homeserver_for(d, &bcrypt);

    create(&hs, "alice", NULL);
    create(&hs, "bob", NULL);
    assert_int_equal(homeserver_set_threepids(&hs, "nobody", two, 2), ERR_NOT_FOUND);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_threepids"), 0);
    assert_int_equal(homeserver_set_threepids(&hs, "alice", two, 2), ERR_OK);
    assert_int_equal(number(d->db, sql_of_alice), 2);
    assert_int_equal(homeserver_set_threepids(&hs, "bob", two, 1), ERR_OK);
    assert_int_equal(number(d->db, sql_of_alice), 1);
    assert_int_equal(homeserver_set_threepids(&hs, "alice", NULL, 0), ERR_OK);
    assert_int_equal(number(d->db, sql_of_alice), 0);
    end_homeserver(&hs);
}

#define FRESH(test) cmocka_unit_test_setup_teardown(test, database_new, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(creates_an_account_with_a_session),
        FRESH(an_account_without_password_cannot_sign_in),
        FRESH(signs_in),
        FRESH(a_known_device_gets_a_new_token),
        FRESH(renews_an_outdated_hash),
        FRESH(begins_a_session_without_password),
        FRESH(sets_a_password),
        FRESH(ends_sessions),
        FRESH(makes_admins),
        FRESH(deactivates),
        FRESH(acts_are_whole),
        FRESH(a_name_is_given_once),
        FRESH(no_session_outlives_the_password_it_was_begun_with),
        FRESH(reactivates),
        FRESH(replaces_third_party_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
