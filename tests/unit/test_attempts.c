/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/attempts.h"

#define NOW    INT64_C(1700000000000)
#define WINDOW INT64_C(60000)

static const struct attempt_limits limits = {.per_account = 3, .per_address = 5, .window_ms = WINDOW};

/* Each row goes on from the one before. */
static void counts_and_forgets(void **state)
{
    struct database *d = *state;
    enum act { CHECK, FAIL, SUCCEED };
    static const struct {
        enum act act;
        struct attempt attempt;
        int64_t after_ms;
        enum err result;
        int64_t retry_after_ms;
    } rows[] = {
        {CHECK, {"alice", "192.0.2.1"}, 0, ERR_OK, 0},
        {FAIL, {"alice", "192.0.2.1"}, 0, ERR_OK, 0},
        {FAIL, {"alice", "192.0.2.1"}, 10, ERR_OK, 0},
        {CHECK, {"alice", "192.0.2.1"}, 20, ERR_OK, 0},
        {FAIL, {"alice", "192.0.2.1"}, 20, ERR_OK, 0},
        /* The account is at its limit, from wherever it is tried; the window began with the first failure. */
        {CHECK, {"alice", "192.0.2.1"}, 30, ERR_LIMITED, WINDOW - 30},
        {CHECK, {"alice", "192.0.2.2"}, 40, ERR_LIMITED, WINDOW - 40},
        {CHECK, {"bob", "192.0.2.1"}, 40, ERR_OK, 0},
        {FAIL, {"alice", "192.0.2.1"}, 50, ERR_LIMITED, WINDOW - 50},
        /* The address has four, of all its accounts. */
        {FAIL, {"bob", "192.0.2.1"}, 60, ERR_OK, 0},
        {CHECK, {"carol", "192.0.2.1"}, 70, ERR_LIMITED, WINDOW - 70},
        {CHECK, {"carol", "192.0.2.2"}, 70, ERR_OK, 0},
        {CHECK, {"", "192.0.2.1"}, 70, ERR_LIMITED, WINDOW - 70},
        {CHECK, {"carol", ""}, 70, ERR_OK, 0},
        /* A success forgets the account, not the address. */
        {SUCCEED, {"alice", "192.0.2.1"}, 80, ERR_OK, 0},
        {CHECK, {"alice", "192.0.2.2"}, 90, ERR_OK, 0},
        {CHECK, {"alice", "192.0.2.1"}, 90, ERR_LIMITED, WINDOW - 90},
        /* The window ends, and the next failure begins another. */
        {CHECK, {"carol", "192.0.2.1"}, WINDOW - 1, ERR_LIMITED, 1},
        {CHECK, {"carol", "192.0.2.1"}, WINDOW, ERR_OK, 0},
        {FAIL, {"carol", "192.0.2.1"}, WINDOW, ERR_OK, 0},
        {CHECK, {"carol", "192.0.2.1"}, WINDOW + 1, ERR_OK, 0},
    };
    int64_t retry;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t now = NOW + rows[i].after_ms;
        enum err e = ERR_OK;

        retry = 0;
        switch (rows[i].act) {
        case CHECK:
            e = attempts_check(d->db, &rows[i].attempt, &limits, now, &retry);
            break;
        case FAIL:
            e = attempts_failed(d->db, &rows[i].attempt, &limits, now, &retry);
            break;
        case SUCCEED:
            e = attempts_succeeded(d->db, &rows[i].attempt);
            break;
        }
        if (e != rows[i].result || retry != rows[i].retry_after_ms)
            fail_msg("row %zu: %s, %lld", i, err_text(e), (long long)retry);
    }
}

static void zero_is_no_limit(void **state)
{
    struct database *d = *state;
    const struct attempt_limits none = {.window_ms = WINDOW};
    const struct attempt attempt = {"alice", "192.0.2.1"};
    int64_t retry;

    for (int i = 0; i < 20; i++)
        assert_int_equal(attempts_failed(d->db, &attempt, &none, NOW, &retry), ERR_OK);
    assert_int_equal(attempts_check(d->db, &attempt, &none, NOW, &retry), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_attempts"), 0);
}

/* Strangers choose the names that they fail with. */
static void keeps_the_table_small(void **state)
{
    struct database *d = *state;
    char name[4096];
    int64_t retry;

    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(attempts_failed(d->db, &(struct attempt){name, "192.0.2.9"}, &limits, NOW, &retry),
                     ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_attempts"), 1);
    assert_int_equal(attempts_succeeded(d->db, &(struct attempt){name, "192.0.2.9"}), ERR_OK);
    assert_int_equal(attempts_failed(d->db, &(struct attempt){"x", ""}, &limits, NOW + WINDOW, &retry),
                     ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_attempts"), 1);
}

static int fail_once(const struct database *d, int i)
{
    const struct attempt attempt = {"alice", ""};
    int64_t retry;
    struct db *db;
    enum err e, ended;

    (void)i;
    if (db_open(&db, d->path) || db_begin(db, DB_WRITE))
        return 124;
    e = attempts_failed(db, &attempt, &limits, NOW, &retry);
    ended = db_end(db, ERR_OK);
    db_close(&db);
    return ended ? 123 : (int)e;
}

static void holds_exactly_over_processes(void **state)
{
    struct database *d = *state;
    int results[PROCESSES_MAX];

    at_once(40, fail_once, d, results);
    assert_int_equal(count_of(results, 40, ERR_OK), 3);
    assert_int_equal(count_of(results, 40, ERR_LIMITED), 37);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(counts_and_forgets, database_new, database_end),
        cmocka_unit_test_setup_teardown(zero_is_no_limit, database_new, database_end),
        cmocka_unit_test_setup_teardown(keeps_the_table_small, database_new, database_end),
        cmocka_unit_test_setup_teardown(holds_exactly_over_processes, database_new, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
