/* SPDX-License-Identifier: ISC */
/* What is done at the end of a transaction that changes something. */
#include "database.h"

static const char sql_create[] = "CREATE TABLE things (name TEXT NOT NULL PRIMARY KEY)";
static const char sql_add[] = "INSERT INTO things (name) VALUES (?1)";
static const char sql_touch[] = "UPDATE things SET name = name WHERE name = 'absent'";
static const char sql_count[] = "SELECT COUNT(*) FROM things";

struct asked {
    struct db *db;
    int times;
    enum err result;
};

static enum err note(void *context)
{
    struct asked *asked = context;
    char name[32];

    snprintf(name, sizeof name, "note %d", ++asked->times);
    assert_int_equal(db_run(asked->db, sql_add, DB_ARGS(DB_T(name)), NULL), ERR_OK);
    return asked->result;
}

static int set_up(void **state)
{
    struct database *d;

    database_new(state);
    d = *state;
    run(d->db, sql_create);
    return 0;
}

/* A transaction, and whether what is asked for is still to come after it. */
static const struct {
    enum db_mode mode;
    const char *sql; /* run with the argument "thing", or without any */
    enum err end;    /* what the transaction is ended with */
    enum err note;   /* what the act returns */
    enum err result;
    bool pending;
    int rows;
} rows[] = {
    {DB_WRITE, sql_add, ERR_OK, ERR_OK, ERR_OK, false, 2},
    {DB_WRITE_BULK, sql_add, ERR_OK, ERR_OK, ERR_OK, false, 2},
    {DB_WRITE_NOW, sql_add, ERR_OK, ERR_OK, ERR_OK, false, 2},
    {DB_NOTE, sql_add, ERR_OK, ERR_OK, ERR_OK, true, 1},
    {DB_WRITE, sql_touch, ERR_OK, ERR_OK, ERR_OK, true, 0},
    {DB_READ, sql_count, ERR_OK, ERR_OK, ERR_OK, true, 0},
    {DB_WRITE, sql_add, ERR_DENIED, ERR_OK, ERR_DENIED, true, 0},
    {DB_WRITE, sql_add, ERR_OK, ERR_FULL, ERR_FULL, true, 0},
};

static void comes_with_a_change_or_not_at_all(void **state)
{
    struct database *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct db_value thing = DB_T("thing");
        struct asked asked = {.db = d->db, .result = rows[i].note};
        enum err e;

        run(d->db, "DELETE FROM things");
        db_before_commit(d->db, note, &asked);
        assert_int_equal(db_begin(d->db, rows[i].mode), ERR_OK);
        e = db_run(d->db, rows[i].sql, &thing, rows[i].sql == sql_add, NULL);
        assert_int_equal(e, ERR_OK);
        assert_int_equal(asked.times, 0);
        assert_int_equal(db_end(d->db, rows[i].end), rows[i].result);
        assert_int_equal(db_before_commit_forget(d->db), rows[i].pending);
        assert_int_equal(number(d->db, sql_count), rows[i].rows);
    }
}

static enum err add(struct db *db, const char *name)
{
    enum err e = db_begin(db, DB_WRITE);

    assert_int_equal(e, ERR_OK);
    return db_end(db, db_run(db, sql_add, DB_ARGS(DB_T(name)), NULL));
}

static void comes_once(void **state)
{
    struct database *d = *state;
    struct asked asked = {.db = d->db};

    db_before_commit(d->db, note, &asked);
    assert_int_equal(add(d->db, "a"), ERR_OK);
    assert_int_equal(add(d->db, "b"), ERR_OK);
    assert_int_equal(asked.times, 1);
    assert_int_equal(number(d->db, sql_count), 3);
}

/* What failed at the commit itself is told with the next change. */
static void a_failed_commit_does_not_count(void **state)
{
    static const char sql_defer[] = "INSERT INTO children (parent) VALUES ('nobody')";
    struct database *d = *state;
    struct asked asked = {.db = d->db};

    run(d->db, "PRAGMA foreign_keys = ON");
    run(d->db, "CREATE TABLE children (parent TEXT REFERENCES things (name) DEFERRABLE INITIALLY DEFERRED)");
    db_before_commit(d->db, note, &asked);
    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    run(d->db, sql_defer);
    assert_int_equal(db_end(d->db, ERR_OK), ERR_INVALID);
    assert_int_equal(asked.times, 1);
    assert_int_equal(number(d->db, sql_count), 0);
    assert_int_equal(add(d->db, "a"), ERR_OK);
    assert_int_equal(asked.times, 2);
    assert_false(db_before_commit_forget(d->db));
    assert_int_equal(number(d->db, sql_count), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(comes_with_a_change_or_not_at_all),
        TEST(comes_once),
        TEST(a_failed_commit_does_not_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
