/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/nonces.h"

#define NOW INT64_C(1700000000000)

static void lives_for_its_time(void **state)
{
    struct database *d = *state;
    static const struct {
        const char *nonce;
        int64_t now_ms;
        enum err result;
    } rows[] = {
        {"known", NOW, ERR_OK},
        {"known", NOW + NONCES_LIFETIME_MS - 1, ERR_OK},
        {"known", NOW + NONCES_LIFETIME_MS, ERR_NOT_FOUND},
        {"unknown", NOW, ERR_NOT_FOUND},
        {"", NOW, ERR_NOT_FOUND},
        {"KNOWN", NOW, ERR_NOT_FOUND},
    };

    assert_int_equal(nonces_insert(d->db, "known", NOW), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(nonces_find(d->db, rows[i].nonce, rows[i].now_ms), rows[i].result);
    assert_int_equal(nonces_use(d->db, "unknown", NOW), ERR_NOT_FOUND);
    assert_int_equal(nonces_use(d->db, "known", NOW + NONCES_LIFETIME_MS), ERR_NOT_FOUND);
    assert_int_equal(nonces_use(d->db, "known", NOW + NONCES_LIFETIME_MS - 1), ERR_OK);
    assert_int_equal(nonces_use(d->db, "known", NOW), ERR_NOT_FOUND);
    assert_int_equal(nonces_find(d->db, "known", NOW), ERR_NOT_FOUND);
}

static void sweeps_the_expired(void **state)
{
    struct database *d = *state;

    assert_int_equal(nonces_insert(d->db, "one", NOW), ERR_OK);
    assert_int_equal(nonces_insert(d->db, "two", NOW + 1), ERR_OK);
    assert_int_equal(nonces_insert(d->db, "three", NOW + NONCES_LIFETIME_MS), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM mxadmin_nonces"), 2);
    assert_int_equal(nonces_insert(d->db, "two", NOW), ERR_EXISTS);
}

static void bounds_their_number(void **state)
{
    struct database *d = *state;
    char nonce[16];

    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    for (int i = 0; i < NONCES_MAX; i++) {
        snprintf(nonce, sizeof nonce, "n%d", i);
        assert_int_equal(nonces_insert(d->db, nonce, NOW + i / 100), ERR_OK);
    }
    assert_int_equal(db_end(d->db, ERR_OK), ERR_OK);
    assert_int_equal(nonces_insert(d->db, "more", NOW + 99), ERR_LIMITED);
    assert_int_equal(nonces_find(d->db, "more", NOW + 99), ERR_NOT_FOUND);
    assert_int_equal(nonces_use(d->db, "n5000", NOW + 99), ERR_OK);
    assert_int_equal(nonces_insert(d->db, "more", NOW + 99), ERR_OK);
    assert_int_equal(nonces_insert(d->db, "again", NOW + NONCES_LIFETIME_MS), ERR_OK);
}

static int use(const struct database *d, int i)
{
    struct db *db;
    enum err e;

    (void)i;
    e = db_open(&db, d->path);
    if (!e)
        e = nonces_use(db, "wanted", NOW);
    db_close(&db);
    return (int)e;
}

static void only_one_of_many_uses_it(void **state)
{
    struct database *d = *state;
    int results[PROCESSES_MAX];

    assert_int_equal(nonces_insert(d->db, "wanted", NOW), ERR_OK);
    at_once(50, use, d, results);
    assert_int_equal(count_of(results, 50, ERR_OK), 1);
    assert_int_equal(count_of(results, 50, ERR_NOT_FOUND), 49);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lives_for_its_time, database_new, database_end),
        cmocka_unit_test_setup_teardown(sweeps_the_expired, database_new, database_end),
        cmocka_unit_test_setup_teardown(bounds_their_number, database_new, database_end),
        cmocka_unit_test_setup_teardown(only_one_of_many_uses_it, database_new, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
