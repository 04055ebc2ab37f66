/* SPDX-License-Identifier: ISC */
#include <sys/resource.h>

#include "database.h"

static const char sql_create[] =
    "CREATE TABLE things (name TEXT NOT NULL PRIMARY KEY, amount BIGINT, body BLOB)";
static const char sql_add[] = "INSERT INTO things (name, amount, body) VALUES (?1, ?2, ?3)";
static const char sql_amount[] = "SELECT amount FROM things WHERE name = ?1";
static const char sql_count[] = "SELECT COUNT(*) FROM things";
static const char sql_more[] = "UPDATE things SET amount = amount + 1 WHERE name = 'counter'";

static int things(void **state)
{
    struct database *d;

    database_new(state);
    d = *state;
    run(d->db, sql_create);
    return 0;
}

static enum err add(struct db *db, const char *name, int64_t amount)
{
    return db_run(db, sql_add, DB_ARGS(DB_T(name), DB_I(amount), DB_B(NULL, 0)), NULL);
}

static void refuses_what_is_no_database(void **state)
{
    struct database *d = *state;
    static const struct {
        const char *make; /* the file $f */
        enum err result;
    } rows[] = {
        {"true", ERR_NOT_FOUND},
        {"mkdir $f", ERR_IO},
        {"yes 'not a database' | head -c 20000 > $f", ERR_CORRUPT},
        {"gzip -dc tests/fixture/dendrite.db.gz | head -c 100000 > $f", ERR_CORRUPT}, /* cut off */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        shell("rm -rf %s", d->path);
        shell("f=%s; %s", d->path, rows[i].make);
        assert_int_equal(db_open(&d->db, d->path), rows[i].result);
        assert_null(d->db);
    }
    snprintf(d->path + strlen(d->path), 8, "/x"); /* below something that is no folder */
    assert_int_equal(db_open(&d->db, d->path), ERR_NOT_FOUND);
    d->path[strlen(d->path) - 2] = '\0';
}

/* It may turn out to be somebody else's. */
static void opening_changes_nothing(void **state)
{
    struct database *d = *state;

    shell("cp %s %s.before", d->path, d->path);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM userapi_accounts WHERE localpart = 'admin'"), 1);
    db_close(&d->db);
    shell("cmp %s %s.before", d->path, d->path);
    shell("test ! -e %s-wal", d->path);
}

static void settings(void **state)
{
    struct database *d = *state;

    assert_int_equal(number(d->db, "PRAGMA synchronous"), 2);
    assert_int_equal(number(d->db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode"), 1);
    assert_string_equal(db_path(d->db), d->path);
}

static void values_come_back(void **state)
{
    static const char sql[] = "SELECT ?1, ?2, ?3, ?4, ?5, ?6";
    struct database *d = *state;
    enum err e = ERR_OK;
    struct stmt *stmt;
    bool row;

    assert_int_equal(db_query(d->db, sql,
                              DB_ARGS(DB_I(INT64_MIN), DB_T("te'xt"), DB_T(NULL), DB_B("ab", 2),
                                      DB_B(NULL, 0), (struct db_value){.type = DB_NULL}),
                              &stmt),
                     ERR_OK);
    assert_int_equal(db_step(stmt, &row), ERR_OK);
    assert_true(row);
    assert_true(db_int(stmt, 0) == INT64_MIN);
    assert_string_equal(db_text(stmt, 1), "te'xt");
    assert_true(!db_is_null(stmt, 1) && db_is_null(stmt, 2) && db_is_null(stmt, 4) && db_is_null(stmt, 5));
    assert_null(db_text(stmt, 2));
    assert_string_equal(db_text(stmt, 3), "ab");
    assert_string_equal(db_copy(stmt, 1, d->arena, &e), "te'xt");
    assert_null(db_copy(stmt, 2, d->arena, &e));
    assert_int_equal(e, ERR_OK);
    assert_int_equal(db_step(stmt, &row), ERR_OK);
    assert_false(row);
    db_done(&stmt);
    assert_null(stmt);
    db_done(&stmt);
}

/* More than the first table of statements holds, each used twice. */
static void keeps_many_statements(void **state)
{
    enum { MANY = 300 };
    static char texts[MANY][32];
    struct database *d = *state;

    for (int i = 0; i < MANY; i++)
        snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
    for (int i = 0; i < 2 * MANY; i++)
        assert_int_equal(number(d->db, texts[i % MANY]), i % MANY);
}

/* As a callback of a list does that asks for a list itself. */
static void runs_a_statement_inside_itself(void **state)
{
    static const char sql[] = "SELECT name FROM things ORDER BY name";
    struct database *d = *state;
    struct stmt *outer, *inner;
    bool row;
    int pairs = 0;

    assert_int_equal(add(d->db, "a", 1), ERR_OK);
    assert_int_equal(add(d->db, "b", 2), ERR_OK);
    assert_int_equal(db_query(d->db, sql, DB_NO_ARGS, &outer), ERR_OK);
    while (db_step(outer, &row) == ERR_OK && row) {
        assert_int_equal(db_query(d->db, sql, DB_NO_ARGS, &inner), ERR_OK);
        while (db_step(inner, &row) == ERR_OK && row)
            pairs++;
        db_done(&inner);
    }
    db_done(&outer);
    assert_int_equal(pairs, 4);
}

static void stands_at_the_first_row(void **state)
{
    struct database *d = *state;
    struct stmt *stmt;

    assert_int_equal(db_first(d->db, sql_amount, DB_ARGS(DB_T("a")), &stmt), ERR_NOT_FOUND);
    assert_null(stmt);
    assert_int_equal(add(d->db, "a", 1), ERR_OK);
    assert_int_equal(db_first(d->db, sql_amount, DB_ARGS(DB_T("a")), &stmt), ERR_OK);
    assert_int_equal(db_int(stmt, 0), 1);
    db_done(&stmt);
}

static void errors_are_ours(void **state)
{
    static const char sql_name[] = "SELECT name FROM things WHERE amount = ?1", sql_null[] = "SELECT NULL";
    struct database *d = *state;
    int64_t value = 7, changes = -1;
    const char *name = "as it was";

    assert_int_equal(add(d->db, "a", 1), ERR_OK);
    assert_int_equal(add(d->db, "a", 2), ERR_EXISTS);
    assert_int_equal(add(d->db, NULL, 2), ERR_INVALID);
    assert_int_equal(db_run(d->db, "SELECT nonsense", DB_NO_ARGS, NULL), ERR_IO);
    assert_int_equal(db_integer(d->db, sql_amount, DB_ARGS(DB_T("b")), &value), ERR_NOT_FOUND);
    assert_int_equal(value, 7);
    assert_int_equal(db_integer(d->db, sql_amount, DB_ARGS(DB_T("a")), &value), ERR_OK);
    assert_int_equal(value, 1);
    assert_int_equal(db_string(d->db, sql_name, DB_ARGS(DB_I(3)), d->arena, &name), ERR_NOT_FOUND);
    assert_string_equal(name, "as it was");
    assert_int_equal(db_string(d->db, sql_name, DB_ARGS(DB_I(1)), d->arena, &name), ERR_OK);
    assert_string_equal(name, "a");
    assert_int_equal(db_string(d->db, sql_null, DB_NO_ARGS, d->arena, &name), ERR_OK);
    assert_null(name);
    assert_int_equal(db_run(d->db, sql_more, DB_NO_ARGS, &changes), ERR_OK);
    assert_int_equal(changes, 0);
}

static void transactions_are_whole(void **state)
{
    struct database *d = *state;

    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    assert_int_equal(db_end(d->db, add(d->db, "a", 1)), ERR_OK);
    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    assert_int_equal(add(d->db, "b", 1), ERR_OK);
    assert_int_equal(db_end(d->db, add(d->db, "a", 1)),
                     ERR_EXISTS); /* the error given, and nothing changed */
    assert_int_equal(number(d->db, sql_count), 1);
    assert_int_equal(db_begin(d->db, DB_READ), ERR_OK);
    assert_int_equal(db_end(d->db, ERR_DENIED), ERR_DENIED);
    assert_int_equal(db_end(d->db, ERR_OK), ERR_IO); /* there is none */
    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    assert_int_equal(add(d->db, "c", 1), ERR_OK);
    db_close(&d->db); /* rolls back */
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(number(d->db, sql_count), 1);
}

static int commits_when_told(const struct database *d, const struct partner *p)
{
    struct db *db;

    partner_wait(p);
    if (db_open(&db, d->path) || add(db, "theirs", 5))
        return 1;
    partner_tell(p);
    partner_wait(p);
    db_close(&db);
    return 0;
}

static void sees_what_others_commit_at_once(void **state)
{
    struct database *d = *state;
    struct partner p;
    int64_t amount = 0;

    db_close(&d->db);
    p = partner_start(commits_when_told, d);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(db_integer(d->db, sql_amount, DB_ARGS(DB_T("theirs")), &amount), ERR_NOT_FOUND);
    partner_tell(&p);
    partner_wait(&p);
    assert_int_equal(db_integer(d->db, sql_amount, DB_ARGS(DB_T("theirs")), &amount), ERR_OK);
    assert_int_equal(amount, 5);
    partner_tell(&p);
    assert_int_equal(partner_end(&p), 0);
}

static int holds_the_lock(const struct database *d, const struct partner *p)
{
    struct db *db;

    if (db_open(&db, d->path) || db_begin(db, DB_WRITE) || db_run(db, sql_more, DB_NO_ARGS, NULL))
        return 1;
    partner_tell(p);
    partner_wait(p);
    if (db_end(db, ERR_OK))
        return 2;
    db_close(&db);
    return 0;
}

static int finds_it_locked_and_waits(const struct database *d, const struct partner *p)
{
    struct db *db;

    partner_wait(p);
    if (db_open(&db, d->path) || db_begin(db, DB_WRITE_NOW) != ERR_BUSY)
        return 1;
    if (number(db, "SELECT amount FROM things WHERE name = 'counter'") != 0) /* a reader does not wait */
        return 2;
    partner_tell(p);
    if (db_begin(db, DB_WRITE) || db_run(db, sql_more, DB_NO_ARGS, NULL) || db_end(db, ERR_OK))
        return 3;
    if (db_begin(db, DB_WRITE_NOW) || db_end(db, ERR_OK))
        return 4;
    db_close(&db);
    return 0;
}

static void a_writer_waits_for_another(void **state)
{
    struct database *d = *state;
    struct partner holder, waiter;

    assert_int_equal(add(d->db, "counter", 0), ERR_OK);
    db_close(&d->db);
    waiter = partner_start(finds_it_locked_and_waits, d);
    holder = partner_start(holds_the_lock, d);
    partner_wait(&holder);
    partner_tell(&waiter);
    partner_wait(&waiter); /* it has seen the lock, and is about to wait for it */
    partner_tell(&holder);
    assert_int_equal(partner_end(&holder), 0);
    assert_int_equal(partner_end(&waiter), 0);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(number(d->db, "SELECT amount FROM things WHERE name = 'counter'"), 2);
}

static int counts(const struct database *d, int i)
{
    struct db *db;
    enum err e = db_open(&db, d->path);

    (void)i;
    for (int n = 0; !e && n < 20; n++) {
        e = db_begin(db, DB_WRITE);
        if (!e)
            e = db_end(db, db_run(db, sql_more, DB_NO_ARGS, NULL));
    }
    db_close(&db);
    return (int)e;
}

static void no_change_is_lost(void **state)
{
    struct database *d = *state;
    int results[PROCESSES_MAX];

    assert_int_equal(add(d->db, "counter", 0), ERR_OK);
    at_once(8, counts, d, results);
    assert_int_equal(count_of(results, 8, ERR_OK), 8);
    assert_int_equal(number(d->db, "SELECT amount FROM things WHERE name = 'counter'"), 160);
}

/* Fills more than a connection keeps in memory, so that uncommitted pages are in the file's log too. */
static enum err add_many(struct db *db)
{
    char name[16], *body = calloc(1, 20000);
    enum err e = ERR_OK;

    for (int i = 0; !e && i < 200; i++) {
        snprintf(name, sizeof name, "many%d", i);
        e = db_run(db, sql_add, DB_ARGS(DB_T(name), DB_I(i), DB_B(body, 20000)), NULL);
    }
    free(body);
    return e;
}

static int writes_until_killed(const struct database *d, const struct partner *p)
{
    struct db *db;

    if (db_open(&db, d->path) || db_begin(db, DB_WRITE) ||
        db_run(db, "DELETE FROM things", DB_NO_ARGS, NULL) || add_many(db))
        return 1;
    partner_tell(p);
    partner_wait(p);
    return 2;
}

static void a_killed_writer_leaves_the_old_state(void **state)
{
    struct database *d = *state;
    struct partner p;

    assert_int_equal(add(d->db, "old", 1), ERR_OK);
    db_close(&d->db);
    p = partner_start(writes_until_killed, d);
    partner_wait(&p);
    assert_int_equal(kill(p.pid, SIGKILL), 0);
    assert_int_equal(partner_end(&p), -1);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(number(d->db, sql_count), 1);
    assert_int_equal(add(d->db, "new", 1), ERR_OK);
    assert_int_equal(number(d->db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static int64_t file_size(const struct database *d)
{
    struct stat status;

    assert_int_equal(stat(d->path, &status), 0);
    return status.st_size;
}

static void checkpoints_can_be_left_for_later(void **state)
{
    struct database *d = *state;
    int64_t before;

    assert_int_equal(add_many(d->db), ERR_OK); /* 4 MB, each row by a transaction of its own */
    before = file_size(d);
    assert_true(before > 2000000);
    db_tidy_later(d->db);
    run(d->db, "UPDATE things SET name = 'more' || name");
    assert_int_equal(add_many(d->db), ERR_OK);
    assert_int_equal(file_size(d), before);
    db_tidy(d->db);
    assert_true(file_size(d) > before + 2000000);
    before = file_size(d);
    assert_int_equal(add(d->db, "little", 1), ERR_OK);
    db_tidy(d->db);
    assert_int_equal(file_size(d), before);
}

static void a_full_database_stays_as_it_was(void **state)
{
    struct database *d = *state;

    assert_int_equal(add(d->db, "old", 1), ERR_OK);
    run(d->db, "PRAGMA max_page_count = 200");
    assert_int_equal(db_begin(d->db, DB_WRITE), ERR_OK);
    assert_int_equal(db_end(d->db, add_many(d->db)), ERR_FULL);
    assert_int_equal(number(d->db, sql_count), 1);
    assert_int_equal(add(d->db, "new", 1), ERR_OK);
}

/* The disk has room for so many bytes more; each size fails at another place. */
static int writes_with_little_room(const struct database *d, int i)
{
    const struct rlimit limit = {(rlim_t)i * 300000, (rlim_t)i * 300000};
    struct db *db;
    enum err e;

    signal(SIGXFSZ, SIG_IGN);
    if (db_open(&db, d->path) || setrlimit(RLIMIT_FSIZE, &limit))
        return 124;
    e = db_begin(db, DB_WRITE);
    if (!e)
        e = db_end(db, add_many(db));
    if (e && number(db, sql_count) != 1)
        return 123;
    db_close(&db);
    return (int)e;
}

static void a_full_disk_leaves_the_old_state(void **state)
{
    struct database *d = *state;
    int result = ERR_FULL, tries = 0;

    assert_int_equal(add(d->db, "old", 1), ERR_OK);
    while (result != ERR_OK && tries < 100) {
        result = apart(writes_with_little_room, d, ++tries);
        /* SQLite does not pass on for every write that a limit stopped it */
        assert_true(result == ERR_OK || result == ERR_FULL || result == ERR_IO);
        assert_int_equal(number(d->db, sql_count), result ? 1 : 201);
        assert_int_equal(number(d->db, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    }
    assert_int_equal(result, ERR_OK);
    assert_true(tries > 3);
}

static int uses_wal(const struct database *d, int i)
{
    struct db *db;
    enum err e = db_open(&db, d->path);

    (void)i;
    if (!e)
        e = db_use_wal(db);
    if (!e && number(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode") != 1)
        return 124;
    db_close(&db);
    return (int)e;
}

static void many_may_ask_for_wal_at_once(void **state)
{
    struct database *d = *state;
    int results[PROCESSES_MAX];

    at_once(20, uses_wal, d, results);
    assert_int_equal(count_of(results, 20, ERR_OK), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refuses_what_is_no_database, database_folder, database_end),
        cmocka_unit_test_setup_teardown(opening_changes_nothing, database_of_dendrite, database_end),
        cmocka_unit_test_setup_teardown(settings, things, database_end),
        cmocka_unit_test_setup_teardown(values_come_back, things, database_end),
        cmocka_unit_test_setup_teardown(keeps_many_statements, things, database_end),
        cmocka_unit_test_setup_teardown(runs_a_statement_inside_itself, things, database_end),
        cmocka_unit_test_setup_teardown(stands_at_the_first_row, things, database_end),
        cmocka_unit_test_setup_teardown(errors_are_ours, things, database_end),
        cmocka_unit_test_setup_teardown(transactions_are_whole, things, database_end),
        cmocka_unit_test_setup_teardown(sees_what_others_commit_at_once, things, database_end),
        cmocka_unit_test_setup_teardown(a_writer_waits_for_another, things, database_end),
        cmocka_unit_test_setup_teardown(no_change_is_lost, things, database_end),
        cmocka_unit_test_setup_teardown(a_killed_writer_leaves_the_old_state, things, database_end),
        cmocka_unit_test_setup_teardown(checkpoints_can_be_left_for_later, things, database_end),
        cmocka_unit_test_setup_teardown(a_full_database_stays_as_it_was, things, database_end),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_old_state, things, database_end),
        cmocka_unit_test_setup_teardown(many_may_ask_for_wal_at_once, database_of_dendrite, database_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
