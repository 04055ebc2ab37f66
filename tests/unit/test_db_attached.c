/* SPDX-License-Identifier: ISC */
#include "alloc.h"
#include "foreign.h"

#define NOBODY 65534 /* somebody who may not write */

static const char sql_settings[] = "SELECT COUNT(*) FROM mxadmin_settings";
static const char sql_their_own[] = "UPDATE things SET value = value + 1";

static void test_names_and_rights(void **state)
{
    struct world *w = *state;
    char before[PATH_MAX];

    attach(w);
    snprintf(before, sizeof before, "cmp -s %s %s/copy.db", w->d->path, w->d->folder);
    shell("cp %s %s/copy.db", w->d->path, w->d->folder);
    assert_true(db_attached(w->d->db));
    assert_int_equal(db_foreign_count(w->d->db), 1);
    assert_string_equal(db_foreign_path(w->d->db, 0), w->d->path);
    assert_sum(w, ROWS);
    assert_int_equal(number(w->d->db, sql_settings), 1);
    assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK);
    assert_int_equal(db_run(w->d->db, sql_our_own, DB_ARGS(DB_T("a")), NULL), ERR_OK);
    assert_int_equal(db_end(w->d->db, ERR_OK), ERR_OK);
    assert_int_equal(number(w->d->db, sql_settings), 2);
    assert_int_not_equal(db_run(w->d->db, sql_their_own, DB_NO_ARGS, NULL), ERR_OK);
    assert_sum(w, ROWS);
    shell("%s", before);
}

/* A writer of each kind, while the other program holds the most it can hold, and then commits. */
static void test_a_writer_has_our_lock_alone(void **state)
{
    static const enum db_mode modes[] = {DB_WRITE, DB_WRITE_NOW, DB_WRITE_BULK, DB_NOTE};
    struct world *w = *state;
    char name[8];

    attach(w);
    let(w, "o");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        assert_sum(w, ROWS * (int64_t)(i + 1));
        let(w, "e+");
        assert_int_equal(db_begin(w->d->db, modes[i]), ERR_OK);
        snprintf(name, sizeof name, "%zu", i);
        assert_int_equal(db_run(w->d->db, sql_our_own, DB_ARGS(DB_T(name)), NULL), ERR_OK);
        let(w, "c"); /* waits for whoever reads */
        assert_int_equal(db_end(w->d->db, ERR_OK), ERR_OK);
    }
}

static int take_own_lock(const struct database *d, int i)
{
    char path[PATH_MAX];
    struct db *db;
    enum err e;

    (void)i;
    snprintf(path, sizeof path, "%s/own.db", d->folder);
    if (db_open(&db, path))
        return 99;
    e = db_begin(db, DB_WRITE_NOW);
    db_close(&db);
    return (int)e;
}

/* The lock of our own file is taken at once, before anything is written. */
static void test_a_writer_has_our_lock(void **state)
{
    struct world *w = *state;
    int status;
    pid_t child;

    attach(w);
    assert_int_equal(db_begin(w->d->db, DB_WRITE), ERR_OK);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(take_own_lock(w->d, 0));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), ERR_BUSY);
    assert_int_equal(db_end(w->d->db, ERR_OK), ERR_OK);
    assert_int_equal(number(w->d->db, sql_settings), 1);
}

static void test_rollback_journal(void **state)
{
    struct world *w = *state;

    attach(w);
    assert_true(db_reading_blocks(w->d->db));
    assert_sum(w, ROWS);
    let(w, "o+");
    assert_sum(w, 2 * ROWS);
    assert_int_equal(db_begin(w->d->db, DB_READ), ERR_OK);
    assert_sum(w, 2 * ROWS);
    let(w, "b+"); /* a reader holds up nobody but at the end */
    assert_sum(w, 2 * ROWS);
    assert_int_equal(db_end(w->d->db, ERR_OK), ERR_OK);
    let(w, "c");
    assert_sum(w, 3 * ROWS);
}

static void test_log(void **state)
{
    struct world *w = *state;

    let(w, "ow+");
    attach(w);
    assert_false(db_reading_blocks(w->d->db));
    assert_sum(w, 2 * ROWS);
    assert_int_equal(db_begin(w->d->db, DB_READ), ERR_OK);
    assert_sum(w, 2 * ROWS);
    let(w, "+b+c"); /* whoever reads sees what was there, and holds up nobody */
    assert_sum(w, 2 * ROWS);
    assert_int_equal(db_end(w->d->db, ERR_OK), ERR_OK);
    assert_sum(w, 4 * ROWS);
    let(w, "x"); /* the log stays while we read from it */
    assert_sum(w, 4 * ROWS);
    let(w, "o+");
    assert_sum(w, 5 * ROWS);
}

/* A backup takes the place of the file. */
static void test_another_file(void **state)
{
    struct world *w = *state;

    shell("cp %s %s/copy.db", w->d->path, w->d->folder);
    let(w, "o+x");
    attach(w);
    assert_sum(w, 2 * ROWS);
    shell("mv %s/copy.db %s", w->d->folder, w->d->path);
    assert_sum(w, ROWS);
    shell("mv %s %s/copy.db", w->d->path, w->d->folder);
    assert_int_equal(read_sum(w), ERR_UNREACHABLE);
    shell("mv %s/copy.db %s", w->d->folder, w->d->path);
    assert_sum(w, ROWS);
}

static void test_several_files(void **state)
{
    struct world *w = *state;
    char second[PATH_MAX], link[PATH_MAX];
    const char *const paths[] = {w->d->path, second, link};

    snprintf(second, sizeof second, "%s/%%41?x=#.db", w->d->folder);
    snprintf(link, sizeof link, "%s/link.db", w->d->folder);
    shell("ln -s %s %s", w->d->path, link);
    shell("touch '%s'", second);
    assert_int_equal(db_open(&w->d->db, second), ERR_OK);
    run(w->d->db, "CREATE TABLE others (value INTEGER)");
    run(w->d->db, "INSERT INTO others VALUES (7)");
    db_close(&w->d->db);
    assert_int_equal(schema_open_beside(&w->d->db, w->own, SERVER), ERR_OK);
    assert_int_equal(db_attach(w->d->db, paths, 3), ERR_OK);
    assert_int_equal(db_foreign_count(w->d->db), 2);
    assert_sum(w, ROWS);
    assert_int_equal(number(w->d->db, "SELECT value FROM others"), 7);
}

/* Attaches as somebody who may not write the other's files, and reads. */
static int read_as_nobody(const struct database *d, int i)
{
    const char *const paths[] = {d->path};
    char own[PATH_MAX];
    struct db *db;
    int64_t sum = -1;
    enum err e;

    (void)i;
    snprintf(own, sizeof own, "%s/nobody/own.db", d->folder);
    if (geteuid() == 0 && (setgid(NOBODY) < 0 || setuid(NOBODY) < 0))
        return 99;
    if (schema_open_beside(&db, own, SERVER))
        return 98;
    e = db_attach(db, paths, 1);
    if (!e)
        e = db_integer(db, sql_sum, DB_NO_ARGS, &sum);
    db_close(&db);
    return e ? (int)e : sum == ROWS ? 0 : 97;
}

static void test_without_the_right_to_write(void **state)
{
    static const struct {
        const char *steps;
        mode_t mode;
        enum err e;
    } rows[] = {
        {"", 0644, ERR_OK},   /* a file with a rollback journal */
        {"b", 0644, ERR_OK},  /* the other program writes */
        {"cw", 0644, ERR_OK}, /* one with a log */
        {"x", 0644, ERR_OK},  /* and nobody has it open */
        {"", 0600, ERR_IO},   /* it may not be read, either */
        {"o?", 0600, ERR_IO}, {"", 0644, ERR_OK},
    };
    struct world *w = *state;

    if (geteuid() != 0)
        skip(); /* needs a second user */
    shell("chmod 755 %s; install -d -m 700 -o %d -g %d %s/nobody", w->d->folder, NOBODY, NOBODY,
          w->d->folder);
    let(w, "o");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        let(w, rows[i].steps);
        shell("chmod %o %s*", rows[i].mode, w->d->path);
        if (apart(read_as_nobody, w->d, 0) != (int)rows[i].e)
            fail_msg("row %zu", i);
    }
}

/* As Dendrite makes tables at its start. */
static void test_a_table_that_comes_later(void **state)
{
    static const char sql_later[] = "SELECT value FROM later";
    struct world *w = *state;
    int64_t value;

    attach(w);
    assert_sum(w, ROWS);
    assert_int_not_equal(db_integer(w->d->db, sql_later, DB_NO_ARGS, &value), ERR_OK);
    let(w, "ot");
    assert_int_equal(number(w->d->db, sql_later), 7);
    assert_sum(w, ROWS);
}

/* SQLite does without some of what it asks for. */
static void test_memory_is_gone(void **state)
{
    struct world *w = *state;
    const char *const paths[] = {w->d->path};
    int64_t sum = 0;

    let(w, "owx");
    for (int n = 1; n == 1 || alloc_failed(); n++) {
        enum err e;

        assert_int_equal(schema_open_beside(&w->d->db, w->own, SERVER), ERR_OK);
        alloc_fail(n);
        e = db_attach(w->d->db, paths, 1);
        if (!e)
            e = db_integer(w->d->db, sql_sum, DB_NO_ARGS, &sum);
        if (e && (e != ERR_NOMEM || !alloc_failed()))
            fail_msg("allocation %d: %s", n, err_text(e));
        db_close(&w->d->db);
    }
    assert_int_equal(sum, ROWS);
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    char text[PATH_MAX];
    const struct {
        const char *path;
        enum err e;
    } rows[] = {
        {w->own, ERR_CORRUPT},
        {"/nonexistent/x.db", ERR_NOT_FOUND},
        {text, ERR_CORRUPT},
        {w->d->folder, ERR_IO},
    };

    snprintf(text, sizeof text, "%s/text.db", w->d->folder);
    shell("seq 10000 > %s", text);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const paths[] = {w->d->path, rows[i].path};
        enum err e;

        assert_int_equal(schema_open_beside(&w->d->db, w->own, SERVER), ERR_OK);
        e = db_attach(w->d->db, paths, 2);
        if (e != rows[i].e)
            fail_msg("%s: %s", rows[i].path, err_text(e));
        db_close(&w->d->db);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    static const struct CMUnitTest tests[] = {
        TEST(test_names_and_rights),
        TEST(test_a_writer_has_our_lock_alone),
        TEST(test_a_writer_has_our_lock),
        TEST(test_rollback_journal),
        TEST(test_log),
        TEST(test_another_file),
        TEST(test_several_files),
        TEST(test_without_the_right_to_write),
        TEST(test_a_table_that_comes_later),
        TEST(test_memory_is_gone),
        TEST(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
