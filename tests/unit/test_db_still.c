/* SPDX-License-Identifier: ISC */
/* A file whose program does not run, has crashed, or begins to run while we read. */
#include "foreign.h"

static const char sql_things[] = "SELECT value FROM things ORDER BY id";

/* There is no log, and who may not write cannot make one. We may, and do not. */
static void test_nobody_has_it_open(void **state)
{
    struct world *w = *state;

    let(w, "ow+x");
    assert_false(there_is(w, "-wal"));
    attach(w);
    assert_sum(w, 2 * ROWS);
    assert_false(db_reading_blocks(w->d->db));
    assert_false(there_is(w, "-wal"));
    assert_false(there_is(w, "-shm"));
    let(w, "o+"); /* it is in the log only, which the file alone knows nothing of */
    assert_sum(w, 3 * ROWS);
    let(w, "x");
    assert_sum(w, 3 * ROWS);
}

static void test_opened_and_closed_between(void **state)
{
    struct world *w = *state;

    let(w, "owx");
    attach(w);
    for (int64_t i = 1; i < 5; i++) {
        assert_sum(w, i * ROWS);
        let(w, "o+x");
        assert_false(there_is(w, "-wal"));
    }
    assert_sum(w, 5 * ROWS);
}

/* Begins to read a file that nobody has open, has it changed, and goes on. */
static void read_while(struct world *w, const char *what, int64_t sum)
{
    struct stmt *stmt;
    bool row = false;
    enum err e;

    attach(w);
    assert_int_equal(db_begin(w->d->db, DB_READ), ERR_OK);
    assert_int_equal(db_query(w->d->db, sql_things, DB_NO_ARGS, &stmt), ERR_OK);
    assert_int_equal(db_step(stmt, &row), ERR_OK);
    assert_true(row);
    let(w, what);
    e = db_step(stmt, &row);
    assert_int_equal(e, ERR_UNREACHABLE);
    assert_false(row);
    db_done(&stmt);
    assert_int_equal(read_sum(w), ERR_UNREACHABLE); /* as all that this transaction reads */
    assert_int_equal(db_end(w->d->db, ERR_OK), ERR_OK);
    assert_sum(w, sum);
}

static void test_opened_while_we_read(void **state)
{
    let(*state, "owx");
    read_while(*state, "o+", 2 * ROWS);
}

static void test_changed_while_we_read(void **state)
{
    let(*state, "owx");
    read_while(*state, "o+x", 2 * ROWS);
}

static void test_brought_out_of_the_mode_while_we_read(void **state)
{
    let(*state, "owx");
    read_while(*state, "or+x", 2 * ROWS);
}

/* The mode is changed while it is down, as `mxadmin check` recommends. */
static void test_brought_into_the_mode(void **state)
{
    struct world *w = *state;
    enum err e;

    attach(w);
    assert_sum(w, ROWS);
    let(w, "ow+x");
    e = read_sum(w); /* the connection was open, and may find out only now */
    assert_true(e == ERR_OK || e == ERR_UNREACHABLE);
    assert_sum(w, 2 * ROWS);
    assert_false(db_reading_blocks(w->d->db));
    let(w, "o+");
    assert_sum(w, 3 * ROWS);
}

static void test_crash_with_a_log(void **state)
{
    struct world *w = *state;

    let(w, "ow+k");
    assert_true(there_is(w, "-wal"));
    attach(w);
    assert_sum(w, 2 * ROWS);
    assert_sum(w, 2 * ROWS);
    assert_int_equal(partner_end(&w->other), 0);
    db_close(&w->d->db); /* it does not survive fork() */
    start_other(w);
    let(w, "o");
    attach(w);
    assert_sum(w, 2 * ROWS);
    let(w, "+");
    assert_sum(w, 3 * ROWS);
}

/* The index of the log is as a writer leaves it who is cut off while it writes its header. */
static void test_torn_index(void **state)
{
    struct world *w = *state;

    let(w, "ow+");
    attach(w);
    assert_sum(w, 2 * ROWS);
    shell("cp %s-shm %s/copy", w->d->path, w->d->folder);
    shell("printf X | dd of=%s-shm bs=1 seek=60 conv=notrunc status=none", w->d->path);
    assert_int_equal(read_sum(w), ERR_UNREACHABLE);
    shell("dd if=%s/copy of=%s-shm bs=100 count=1 conv=notrunc status=none", w->d->folder, w->d->path);
    assert_sum(w, 2 * ROWS);
    let(w, "+");
    assert_sum(w, 3 * ROWS);
}

/* It was in the middle of a change: only who may write can take back what is half done. */
static void test_crash_with_a_journal(void **state)
{
    struct world *w = *state;

    let(w, "o1b+k");
    assert_true(there_is(w, "-journal"));
    shell("cp %s %s/copy.db", w->d->path, w->d->folder);
    attach(w);
    assert_int_equal(read_sum(w), ERR_UNREACHABLE);
    assert_int_equal(db_begin(w->d->db, DB_READ), ERR_OK);
    assert_int_equal(read_sum(w), ERR_UNREACHABLE);
    assert_int_equal(db_end(w->d->db, ERR_OK), ERR_OK);
    assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK); /* ours goes on */
    assert_int_equal(db_run(w->d->db, sql_our_own, DB_ARGS(DB_T("a")), NULL), ERR_OK);
    assert_int_equal(db_end(w->d->db, ERR_OK), ERR_OK);
    assert_true(there_is(w, "-journal"));
    shell("cmp -s %s %s/copy.db", w->d->path, w->d->folder);
    assert_int_equal(partner_end(&w->other), 0);
    db_close(&w->d->db);
    start_other(w);
    attach(w);
    assert_int_equal(read_sum(w), ERR_UNREACHABLE);
    let(w, "o?");
    assert_sum(w, ROWS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(test_nobody_has_it_open),
        TEST(test_opened_and_closed_between),
        TEST(test_opened_while_we_read),
        TEST(test_changed_while_we_read),
        TEST(test_brought_out_of_the_mode_while_we_read),
        TEST(test_brought_into_the_mode),
        TEST(test_crash_with_a_log),
        TEST(test_torn_index),
        TEST(test_crash_with_a_journal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
