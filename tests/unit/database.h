/* SPDX-License-Identifier: ISC */
/* What the tests of the store share: databases below mkdtemp(3), and processes that act on them at once. */
#ifndef TESTS_UNIT_DATABASE_H
#define TESTS_UNIT_DATABASE_H

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/db.h"
#include "store/schema.h"

#define SERVER "example.org"

/* A folder of its own for each test, and a database in it. */
struct database {
    char folder[64];
    char path[96];
    struct db *db; /* NULL where the test opens it itself */
    struct arena *arena;
};

/* Runs a formatted command line. */
static inline void __attribute__((format(printf, 1, 2))) shell(const char *format, ...)
{
    char command[512];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    assert_int_equal(system(command), 0);
}

static inline int database_folder(void **state)
{
    struct database *d = calloc(1, sizeof *d);
    if (!d)
        abort();

    strcpy(d->folder, "/tmp/mxadmin-unit-XXXXXX");
    assert_non_null(mkdtemp(d->folder));
    snprintf(d->path, sizeof d->path, "%s/mxadmin.db", d->folder);
    d->arena = arena_new();
    assert_non_null(d->arena);
    *state = d;
    return 0;
}

/* Makes what is absent of the database of the folder, and opens it. */
static inline int database_complete(void **state)
{
    struct database *d = *state;

    assert_int_equal(schema_create(d->path, SERVER), ERR_OK);
    assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    return 0;
}

static inline int database_new(void **state)
{
    database_folder(state);
    return database_complete(state);
}

/* A copy of a real Dendrite's database. */
static inline int database_of_dendrite(void **state)
{
    struct database *d;

    database_folder(state);
    d = *state;
    shell("gzip -dc tests/fixture/dendrite.db.gz > %s", d->path);
    return 0;
}

static inline int database_of_dendrite_completed(void **state)
{
    database_of_dendrite(state);
    return database_complete(state);
}

static inline int database_end(void **state)
{
    struct database *d = *state;

    db_close(&d->db);
    arena_free(&d->arena);
    shell("rm -rf %s", d->folder);
    free(d);
    return 0;
}

/* The one integer that `sql` (a constant text) gives; -1 when it has no row. */
static inline int64_t number(struct db *db, const char *sql)
{
    int64_t value = -1;
    enum err e = db_integer(db, sql, DB_NO_ARGS, &value);

    assert_true(e == ERR_OK || e == ERR_NOT_FOUND);
    return value;
}

static inline void run(struct db *db, const char *sql)
{
    assert_int_equal(db_run(db, sql, DB_NO_ARGS, NULL), ERR_OK);
}

#define PROCESSES_MAX 64

/*
 * Runs `act` in `count` processes that all start at the same moment; `results[i]` is what the i-th returned
 * (0 to 125). A connection does not survive fork(2): the test's is closed meanwhile.
 */
static inline void at_once(int count, int (*act)(const struct database *d, int i), struct database *d,
                           int *results)
{
    bool was_open = d->db != NULL;
    pid_t children[PROCESSES_MAX];
    int start[2], status;
    char byte;

    db_close(&d->db);
    assert_int_equal(pipe(start), 0);
    for (int i = 0; i < count; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            close(start[1]);
            if (read(start[0], &byte, 1) != 0)
                _exit(125);
            _exit(act(d, i));
        }
    }
    close(start[1]);
    close(start[0]);
    for (int i = 0; i < count; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        results[i] = WIFEXITED(status) ? WEXITSTATUS(status) : 126;
    }
    if (was_open)
        assert_int_equal(db_open(&d->db, d->path), ERR_OK);
}

/* Runs `act` in a process of its own, so that what it does to itself (limits) is over with it. */
static inline int apart(int (*act)(const struct database *d, int i), struct database *d, int i)
{
    bool was_open = d->db != NULL;
    int status;
    pid_t child;

    db_close(&d->db);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(act(d, i));
    assert_int_equal(waitpid(child, &status, 0), child);
    if (was_open)
        assert_int_equal(db_open(&d->db, d->path), ERR_OK);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static inline int count_of(const int *results, int count, int wanted)
{
    int found = 0;

    for (int i = 0; i < count; i++)
        found += results[i] == wanted;
    return found;
}

/* A process that goes in step with the test: each side tells the other, and waits to be told. */
struct partner {
    pid_t pid;
    int to, from; /* ends of pipes */
};

static inline void partner_tell(const struct partner *p)
{
    if (write(p->to, "!", 1) != 1)
        abort();
}

static inline void partner_wait(const struct partner *p)
{
    char byte;

    if (read(p->from, &byte, 1) != 1)
        abort();
}

/* Starts it; the test has no open connection then. `act` returns 0 if all was well. */
static inline struct partner partner_start(int (*act)(const struct database *d, const struct partner *p),
                                           const struct database *d)
{
    struct partner p;
    int there[2], back[2];

    assert_null(d->db);
    assert_int_equal(pipe(there), 0);
    assert_int_equal(pipe(back), 0);
    p.pid = fork();
    assert_true(p.pid >= 0);
    if (p.pid == 0) {
        close(there[1]);
        close(back[0]);
        p = (struct partner){.to = back[1], .from = there[0]};
        _exit(act(d, &p));
    }
    close(there[0]);
    close(back[1]);
    p.to = there[1];
    p.from = back[0];
    return p;
}

/* Its result; -1 when it was killed. */
static inline int partner_end(const struct partner *p)
{
    int status;

    close(p->to);
    close(p->from);
    assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
