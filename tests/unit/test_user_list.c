/* SPDX-License-Identifier: ISC */
/* How the list of users follows the accounts: one by one, and by a comparison in slices. */
#include "database.h"
#include "store/refreshes.h"
#include "store/user_list.h"

#define USERS 1203 /* two whole slices, and some */

static const char sql_add[] =
    "INSERT INTO userapi_accounts (localpart, server_name, created_ts, password_hash, account_type)"
    " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1203)"
    " SELECT printf('u%05d', i), '" SERVER "', i, '', 1 FROM n";
/* Rows of the list that are not as they should be, or for nobody. */
static const char sql_wrong[] =
    "SELECT (SELECT COUNT(*) FROM userapi_accounts a LEFT JOIN mxadmin_users u ON u.localpart = a.localpart"
    " WHERE u.localpart IS NULL OR u.created_ts <> a.created_ts"
    " OR (u.flags & 1 <> 0) <> (a.account_type = 3) OR (u.flags & 4 <> 0) <> a.is_deactivated)"
    " + (SELECT COUNT(*) FROM mxadmin_users WHERE localpart NOT IN (SELECT localpart FROM userapi_accounts))";
static const char sql_miscounted[] =
    "SELECT COUNT(*) FROM (SELECT flags, COUNT(*) AS n FROM mxadmin_users GROUP BY flags) AS f"
    " LEFT JOIN mxadmin_user_counts c ON c.flags = f.flags WHERE c.users IS NOT f.n";

static int many(void **state)
{
    struct database *d;

    database_new(state);
    d = *state;
    run(d->db, sql_add);
    return 0;
}

static void compares_in_slices(void **state)
{
    static const char *const changes[] = {
        "UPDATE userapi_accounts SET account_type = 3 WHERE localpart IN ('u00001', 'u00500', 'u00501')",
        "UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart IN ('u01000', 'u01001', 'u01203')",
        "DELETE FROM userapi_accounts WHERE localpart IN ('u00002', 'u00499', 'u00500', 'u01000', 'u01203')",
        "DELETE FROM userapi_accounts WHERE localpart > 'u00500'",
        "DELETE FROM userapi_accounts",
    };
    struct database *d = *state;

    assert_int_equal(number(d->db, sql_wrong), USERS);
    assert_int_equal(user_list_refresh(d->db, SERVER, true), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        run(d->db, changes[i]);
        assert_true(number(d->db, sql_wrong) > 0);
        assert_int_equal(user_list_refresh(d->db, SERVER, true), ERR_OK);
        assert_int_equal(number(d->db, sql_wrong), 0);
        assert_int_equal(number(d->db, sql_miscounted), 0);
    }
}

static void a_comparison_rests_until_something_is_known(void **state)
{
    struct database *d = *state;
    bool begun = true;

    assert_int_equal(refreshes_begun(d->db, REFRESHES_USERS, &begun), ERR_OK);
    assert_false(begun);
    assert_int_equal(user_list_refresh(d->db, SERVER, false), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);
    /* As if it had taken an hour. */
    run(d->db, "UPDATE mxadmin_refreshes SET took_ms = 3600000");
    run(d->db, "UPDATE userapi_accounts SET account_type = 3 WHERE localpart = 'u00007'");
    assert_int_equal(user_list_refresh(d->db, SERVER, false), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 1);
    assert_int_equal(refreshes_forget(d->db, REFRESHES_USERS), ERR_OK);
    assert_int_equal(user_list_refresh(d->db, SERVER, false), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);
}

static void follows_one_user(void **state)
{
    struct database *d = *state;

    assert_int_equal(user_list_refresh(d->db, SERVER, true), ERR_OK);
    run(d->db, "UPDATE userapi_accounts SET account_type = 3 WHERE localpart = 'u00007'");
    run(d->db, "DELETE FROM userapi_accounts WHERE localpart = 'u00008'");
    assert_int_equal(user_list_touch(d->db, "u00007", SERVER), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 1);
    assert_int_equal(user_list_touch(d->db, "u00008", SERVER), ERR_OK);
    assert_int_equal(number(d->db, sql_wrong), 0);
    assert_int_equal(number(d->db, sql_miscounted), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(compares_in_slices, many, database_end),
        cmocka_unit_test_setup_teardown(a_comparison_rests_until_something_is_known, many, database_end),
        cmocka_unit_test_setup_teardown(follows_one_user, many, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
