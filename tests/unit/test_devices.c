/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/devices.h"

/* Tokens of the fixture. */
#define ADMIN_TOKEN  "LbsS8ahZmjkkP4s5yOWdNvdr_RA3SWRF8t9t2NSl7VY"
#define USER01_TOKEN "CXLPe0mSObiVUMkDrd_HIeHBda2S-oyslk8nIW1mJBI"

static const struct device phone = {"PHONE", "My phone", 1700000000000, "192.0.2.1", "Element"};

static void finds_the_owner_of_a_token(void **state)
{
    struct database *d = *state;
    struct token_owner owner;

    assert_int_equal(devices_find_token(d->db, ADMIN_TOKEN, SERVER, d->arena, &owner), ERR_OK);
    assert_string_equal(owner.localpart, "admin");
    assert_string_equal(owner.device_id, "shared_secret_registration");
    assert_int_equal(owner.type, ACCOUNT_ADMIN);
    assert_true(owner.last_seen_ts > INT64_C(1795452775664));
}

static void a_token_of_nobody_opens_nothing(void **state)
{
    static const struct {
        const char *before; /* a statement, or NULL */
        const char *token, *server_name;
    } rows[] = {
        {NULL, "wrong", SERVER},
        {NULL, "", SERVER},
        {NULL, ADMIN_TOKEN "x", SERVER},
        {NULL, "lBSs8AHzMJKKp4S5YowDnVDR_ra3swrf8T9T2nsL7vy", SERVER},
        {NULL, "%", SERVER},
        {NULL, ADMIN_TOKEN, "example.com"},
        {"UPDATE userapi_devices SET access_token = '' WHERE localpart = 'user02'"
         " AND device_id = 'shared_secret_registration'",
         "", SERVER},
        {"UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart = 'admin'", ADMIN_TOKEN, SERVER},
        {"DELETE FROM userapi_accounts WHERE localpart = 'user01'", USER01_TOKEN, SERVER},
    };
    struct database *d = *state;
    struct token_owner owner;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].before)
            run(d->db, rows[i].before);
        if (devices_find_token(d->db, rows[i].token, rows[i].server_name, d->arena, &owner) != ERR_NOT_FOUND)
            fail_msg("row %zu", i);
    }
}

static void a_new_device_is_like_dendrites(void **state)
{
    struct database *d = *state;
    struct token_owner owner;

    assert_int_equal(devices_put(d->db, "user01", SERVER, "token", &phone), ERR_OK);
    assert_int_equal(devices_find_token(d->db, "token", SERVER, d->arena, &owner), ERR_OK);
    assert_string_equal(owner.localpart, "user01");
    assert_string_equal(owner.device_id, "PHONE");
    assert_true(owner.last_seen_ts == phone.last_seen_ts);
    assert_int_equal(number(d->db, "SELECT session_id FROM userapi_devices WHERE access_token = 'token'"),
                     39);
    assert_int_equal(
        number(d->db, "SELECT created_ts = last_seen_ts FROM userapi_devices WHERE access_token = 'token'"
                      " AND display_name = 'My phone' AND ip = '192.0.2.1' AND user_agent = 'Element'"),
        1);
    assert_int_equal(devices_find_token(d->db, USER01_TOKEN, SERVER, d->arena, &owner), ERR_OK);
}

static void the_first_session_is_1(void **state)
{
    struct database *d = *state;

    assert_int_equal(devices_put(d->db, "alice", SERVER, "token", &phone), ERR_OK);
    assert_int_equal(number(d->db, "SELECT session_id FROM userapi_devices"), 1);
}

static void a_known_device_gets_a_new_token(void **state)
{
    static const struct {
        const char *given, *stays;
    } names[] = {{NULL, "My phone"}, {"Renamed", "Renamed"}, {"", ""}};
    struct database *d = *state;
    char token[16] = "token", next[16];

    assert_int_equal(devices_put(d->db, "alice", SERVER, token, &phone), ERR_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct device again = {"PHONE", names[i].given, phone.last_seen_ts + 1, "192.0.2.2", "Other"};
        int64_t same = 0;

        snprintf(next, sizeof next, "token%zu", i);
        assert_int_equal(devices_put(d->db, "alice", SERVER, next, &again), ERR_OK);
        assert_int_equal(
            db_integer(d->db,
                       "SELECT COUNT(*) FROM userapi_devices WHERE access_token = ?1"
                       " AND display_name = ?2 AND ip = '192.0.2.2' AND created_ts = last_seen_ts",
                       DB_ARGS(DB_T(next), DB_T(names[i].stays)), &same),
            ERR_OK);
        assert_int_equal(same, 1);
        assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 1);
        assert_int_equal(number(d->db, "SELECT session_id FROM userapi_devices"), (int)i + 2);
    }
    /* The same id of another user is another device. */
    assert_int_equal(devices_put(d->db, "bob", SERVER, "bobs", &phone), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 2);
}

/* The pusher of the fixture belongs to session 4, user01's first device. */
static void a_pusher_goes_with_its_session(void **state)
{
    static const char sql_pushers[] = "SELECT COUNT(*) FROM userapi_pushers";
    struct database *d = *state;

    assert_int_equal(devices_put(d->db, "user01", SERVER, "token", &phone), ERR_OK);
    assert_int_equal(devices_delete(d->db, "user01", SERVER, "PHONE"), ERR_OK);
    assert_int_equal(devices_delete_all(d->db, "user02", SERVER, NULL), ERR_OK);
    assert_int_equal(devices_delete_all(d->db, "user01", SERVER, USER01_TOKEN), ERR_OK);
    assert_int_equal(number(d->db, sql_pushers), 1);
    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    assert_int_equal(devices_delete_all(d->db, "user01", SERVER, "another"), ERR_OK);
    assert_int_equal(number(d->db, sql_pushers), 0);
    assert_int_equal(db_end(d->db, ERR_DENIED), ERR_DENIED);
    assert_int_equal(number(d->db, sql_pushers), 1);
    assert_int_equal(devices_delete(d->db, "user01", SERVER, "shared_secret_registration"), ERR_OK);
    assert_int_equal(number(d->db, sql_pushers), 0);
}

static void ends_sessions(void **state)
{
    static const char sql_user01[] = "SELECT COUNT(*) FROM userapi_devices WHERE localpart = 'user01'";
    struct database *d = *state;
    struct token_owner owner;

    assert_int_equal(devices_delete(d->db, "user01", SERVER, "PHONE"), ERR_NOT_FOUND);
    assert_int_equal(devices_put(d->db, "user01", SERVER, "token", &phone), ERR_OK);
    assert_int_equal(devices_delete(d->db, "user01", SERVER, "PHONE"), ERR_OK);
    assert_int_equal(devices_find_token(d->db, "token", SERVER, d->arena, &owner), ERR_NOT_FOUND);
    assert_int_equal(number(d->db, sql_user01), 2);
    assert_int_equal(devices_delete_all(d->db, "user01", SERVER, ADMIN_TOKEN),
                     ERR_OK); /* not one of this user */
    assert_int_equal(number(d->db, sql_user01), 0);
    assert_int_equal(devices_put(d->db, "user01", SERVER, "token", &phone), ERR_OK);
    assert_int_equal(devices_delete_all(d->db, "user01", SERVER, "token"), ERR_OK);
    assert_int_equal(number(d->db, sql_user01), 1);
    assert_int_equal(devices_delete_all(d->db, "user01", SERVER, NULL), ERR_OK);
    assert_int_equal(devices_delete_all(d->db, "user01", SERVER, NULL), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_devices"), 36);
}

static void notes_when_seen(void **state)
{
    struct device later = {"PHONE", NULL, phone.last_seen_ts + 5, "192.0.2.7", "New"};
    struct device earlier = {"PHONE", NULL, phone.last_seen_ts + 4, "192.0.2.8", "Old"};
    struct database *d = *state;

    assert_int_equal(devices_put(d->db, "alice", SERVER, "token", &phone), ERR_OK);
    assert_int_equal(devices_seen(d->db, "alice", SERVER, &later), ERR_OK);
    assert_int_equal(devices_seen(d->db, "alice", SERVER, &earlier), ERR_OK);
    assert_int_equal(
        devices_seen(d->db, "alice", "example.com", &(struct device){"PHONE", NULL, INT64_MAX, "", ""}),
        ERR_OK);
    assert_int_equal(devices_seen(d->db, "bob", SERVER, &later), ERR_OK); /* signed out meanwhile */
    assert_int_equal(number(d->db,
                            "SELECT COUNT(*) FROM userapi_devices WHERE last_seen_ts = 1700000000005"
                            " AND created_ts = 1700000000000 AND ip = '192.0.2.7' AND user_agent = 'New'"
                            " AND display_name = 'My phone' AND access_token = 'token'"),
                     1);
}

struct seen {
    char ids[64];
    enum err stop;
};

static enum err see(const struct device *device, void *context)
{
    struct seen *seen = context;

    assert_non_null(device->address);
    assert_non_null(device->user_agent);
    strcat(seen->ids, device->device_id);
    strcat(seen->ids, " ");
    return seen->stop;
}

static void lists_the_newest_seen_first(void **state)
{
    static const struct device devices[] = {
        {"B", NULL, 20, "", ""}, {"A", "x", 30, "", ""}, {"D", NULL, 10, "", ""}, {"C", NULL, 20, "", ""}};
    struct database *d = *state;
    struct seen all = {0}, one = {.stop = ERR_NOMEM}, nobody = {0};
    char token[8];

    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        snprintf(token, sizeof token, "t%zu", i);
        assert_int_equal(devices_put(d->db, "alice", SERVER, token, &devices[i]), ERR_OK);
    }
    run(d->db,
        "UPDATE userapi_devices SET ip = NULL, user_agent = NULL, last_seen_ts = NULL WHERE device_id = 'D'");
    assert_int_equal(devices_list(d->db, "alice", SERVER, see, &all), ERR_OK);
    assert_string_equal(all.ids, "A B C D ");
    assert_int_equal(devices_list(d->db, "alice", SERVER, see, &one), ERR_NOMEM);
    assert_string_equal(one.ids, "A ");
    assert_int_equal(devices_list(d->db, "bob", SERVER, see, &nobody), ERR_OK);
    assert_string_equal(nobody.ids, "");
}

/* One that has just begun, as that of `mxadmin check`, may end while its token is used. */
static void any_token_is_that_of_the_oldest_session(void **state)
{
    static const struct device devices[] = {
        {"B", NULL, 20, "", ""}, {"D", NULL, 10, "", ""}, {"A", NULL, 30, "", ""}};
    struct database *d = *state;
    const char *token = NULL;

    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        assert_int_equal(devices_put(d->db, "alice", SERVER, devices[i].device_id, &devices[i]), ERR_OK);
    run(d->db, "UPDATE userapi_devices SET last_seen_ts = 40 WHERE device_id = 'B'");
    assert_int_equal(devices_token(d->db, "alice", SERVER, NULL, d->arena, &token), ERR_OK);
    assert_string_equal(token, "D");
    assert_int_equal(devices_token(d->db, "alice", SERVER, "A", d->arena, &token), ERR_OK);
    assert_string_equal(token, "A");
    assert_int_equal(devices_token(d->db, "bob", SERVER, NULL, d->arena, &token), ERR_NOT_FOUND);
}

#define FRESH(test)    cmocka_unit_test_setup_teardown(test, database_new, database_end)
#define DENDRITE(test) cmocka_unit_test_setup_teardown(test, database_of_dendrite_completed, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DENDRITE(finds_the_owner_of_a_token),
        DENDRITE(a_token_of_nobody_opens_nothing),
        DENDRITE(a_new_device_is_like_dendrites),
        FRESH(the_first_session_is_1),
        FRESH(a_known_device_gets_a_new_token),
        DENDRITE(a_pusher_goes_with_its_session),
        DENDRITE(ends_sessions),
        FRESH(notes_when_seen),
        FRESH(lists_the_newest_seen_first),
        FRESH(any_token_is_that_of_the_oldest_session),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
