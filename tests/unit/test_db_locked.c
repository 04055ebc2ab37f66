/* SPDX-License-Identifier: ISC */
#include "database.h"
#include "store/db_locked.h"

/* What another process does with the file while it is to be locked: statements up to a NULL. */
enum other { OPEN, READING, WRITING, OTHERS };
static const char *const others[OTHERS][4] = {
    [OPEN] = {"SELECT a FROM t", NULL},
    [READING] = {"BEGIN", "SELECT a FROM t", NULL},
    [WRITING] = {"BEGIN IMMEDIATE", "INSERT INTO t VALUES (2)", NULL},
};
static enum other other; /* the one of the partner that is started next */

static int goes_on(const struct database *d, const struct partner *p)
{
    struct db *db = NULL;
    enum err e = db_open(&db, d->path);

    for (size_t i = 0; !e && others[other][i]; i++)
        e = db_run(db, others[other][i], DB_NO_ARGS, NULL);
    partner_tell(p);
    partner_wait(p);
    db_close(&db);
    return e;
}

static void make_file(struct database *d, bool wal)
{
    shell("rm -f %s* && > %s", d->path, d->path);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    run(d->db, "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY)");
    if (wal)
        assert_int_equal(db_use_wal(d->db), ERR_OK);
    db_close(&d->db);
}

static void shows_who_uses_the_file(void **state)
{
    static const struct {
        bool wal;
        enum db_lock lock;
        enum err expected[OTHERS];
    } rows[] = {
        {false, DB_LOCK_ALL, {ERR_OK, ERR_BUSY, ERR_BUSY}},
        {false, DB_LOCK_WRITERS, {ERR_OK, ERR_BUSY, ERR_BUSY}},
        {true, DB_LOCK_ALL, {ERR_BUSY, ERR_BUSY, ERR_BUSY}},
        {true, DB_LOCK_WRITERS, {ERR_OK, ERR_OK, ERR_BUSY}},
    };
    struct database *d = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (other = OPEN; other < OTHERS; other++) {
            struct partner p;
            enum err e;

            make_file(d, rows[i].wal);
            p = partner_start(goes_on, d);
            partner_wait(&p);
            e = db_open_locked(&d->db, d->path, rows[i].lock);
            db_close(&d->db);
            partner_tell(&p);
            assert_int_equal(partner_end(&p), ERR_OK);
            if (e != rows[i].expected[other])
                fail_msg("row %zu, other %d: %s", i, (int)other, err_text(e));
        }
    }
}

static int tries_to_write(const struct database *d, int i)
{
    struct db *db = NULL;
    enum err e = db_open_locked(&db, d->path, (enum db_lock)i);

    db_close(&db);
    return e;
}

/* Nobody writes between the first moment and the last, and afterwards all is there and nothing left over. */
static void holds_the_lock(void **state)
{
    struct database *d = *state;

    for (int i = 0; i < 4; i++) {
        const enum db_lock lock = (enum db_lock)(i % 2);
        struct db *db;

        make_file(d, i / 2);
        assert_int_equal(db_open_locked(&db, d->path, lock), ERR_OK);
        run(db, "INSERT INTO t VALUES (1)");
        assert_int_equal(apart(tries_to_write, d, DB_LOCK_WRITERS), ERR_BUSY);
        assert_int_equal(db_end(db, ERR_OK), ERR_OK);
        db_close(&db);
        shell("test -z \"$(ls %s-* 2>/dev/null)\"", d->path);
        assert_int_equal(db_open(&d->db, d->path), ERR_OK);
        assert_int_equal(number(d->db, "SELECT COUNT(*) FROM t"), 1);
        db_close(&d->db);
    }
}

static void leaves_nothing_half_done(void **state)
{
    struct database *d = *state;
    struct db *db;

    make_file(d, true);
    assert_int_equal(db_open_locked(&db, d->path, DB_LOCK_ALL), ERR_OK);
    run(db, "INSERT INTO t VALUES (1)");
    db_close(&db);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    assert_int_equal(number(d->db, "SELECT COUNT(*) FROM t"), 0);
}

static void refuses_what_is_no_database(void **state)
{
    struct database *d = *state;
    struct db *db;

    assert_int_equal(db_open_locked(&db, d->path, DB_LOCK_ALL), ERR_NOT_FOUND);
    assert_null(db);
    shell("head -c 8192 /dev/urandom > %s", d->path);
    assert_int_equal(db_open_locked(&db, d->path, DB_LOCK_ALL), ERR_CORRUPT);
}

#define FOLDER(test) cmocka_unit_test_setup_teardown(test, database_folder, database_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER(shows_who_uses_the_file),
        FOLDER(holds_the_lock),
        FOLDER(leaves_nothing_half_done),
        FOLDER(refuses_what_is_no_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
