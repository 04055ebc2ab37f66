/* SPDX-License-Identifier: ISC */
/*
 * A file of another program beside ours. That program is a process of its own, as the locks of SQLite want
 * it, and does step by step what it is told.
 */
#ifndef TESTS_UNIT_FOREIGN_H
#define TESTS_UNIT_FOREIGN_H

#include <ctype.h>
#include <dirent.h>
#include <limits.h>

#include "database.h"

#define ROWS 2000 /* more than a page of them */

static const char sql_sum[] = "SELECT SUM(value) FROM things";
static const char sql_our_own[] = "INSERT INTO mxadmin_settings (name, value) VALUES (?1, 'x')";

/* What the other program is told. */
static const char sql_create[] =
    "CREATE TABLE things (id INTEGER PRIMARY KEY, value INTEGER NOT NULL, filler TEXT)";
static const char sql_fill[] =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
    " INSERT INTO things (value, filler) SELECT 1, hex(zeroblob(40)) FROM n";
static const char *const steps[128] = {
    ['+'] = "UPDATE things SET value = value + 1",
    ['b'] = "BEGIN IMMEDIATE",
    ['e'] = "BEGIN EXCLUSIVE",
    ['c'] = "COMMIT",
    ['r'] = "PRAGMA journal_mode = DELETE",
    ['w'] = "PRAGMA journal_mode = WAL",
    ['1'] = "PRAGMA cache_size = 1", /* what is changed has to be written before it is committed */
    ['t'] = "CREATE TABLE later AS SELECT 7 AS value",
    ['?'] = "SELECT SUM(value) FROM things",
};

static inline int do_step(struct db **db, const char *path, int step)
{
    if (step == 'o')
        return (int)db_open(db, path);
    if (step == 'x')
        db_close(db);
    else if (step == 'k')
        _exit(0);
    else if (step == 'n')
        return (int)(db_run(*db, sql_create, DB_NO_ARGS, NULL) || db_run(*db, sql_fill, DB_NO_ARGS, NULL));
    else
        return (int)db_run(*db, steps[step], DB_NO_ARGS, NULL);
    return 0;
}

static inline int other_program(const struct database *d, const struct partner *p)
{
    struct db *db = NULL;
    char step, result;

    while (read(p->from, &step, 1) == 1) {
        result = (char)do_step(&db, d->path, step);
        if (write(p->to, &result, 1) != 1)
            break;
    }
    db_close(&db);
    return 0;
}

/* d->path is the other program's; ours stands beside it. */
struct world {
    struct database *d;
    struct partner other;
    char own[PATH_MAX];
};

/* Has the other program take steps, which all succeed. */
static inline void let(const struct world *w, const char *what)
{
    char result;

    for (; *what; what++) {
        assert_int_equal(write(w->other.to, what, 1), 1);
        if (*what == 'k') {
            assert_int_equal(read(w->other.from, &result, 1), 0);
        } else {
            assert_int_equal(read(w->other.from, &result, 1), 1);
            if (result)
                fail_msg("the other program cannot '%c': %s", *what, err_text((enum err)result));
        }
    }
}

static inline void start_other(struct world *w)
{
    w->other = partner_start(other_program, w->d);
}

/* The other program has made its file, in the mode of rollback journals, and has closed it. */
static inline int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    void *database;

    if (!w)
        abort();
    database_folder(&database);
    w->d = database;
    snprintf(w->own, sizeof w->own, "%s/own.db", w->d->folder);
    shell("touch %s", w->d->path);
    start_other(w);
    let(w, "onx");
    *state = w;
    return 0;
}

static inline int tear_down(void **state)
{
    struct world *w = *state;
    void *database = w->d;

    partner_end(&w->other);
    database_end(&database);
    free(w);
    return 0;
}

/* Opens ours, and attaches the other's. */
static inline void attach(struct world *w)
{
    const char *const paths[] = {w->d->path};

    assert_int_equal(schema_open_beside(&w->d->db, w->own, SERVER), ERR_OK);
    assert_int_equal(db_attach(w->d->db, paths, 1), ERR_OK);
}

static inline bool there_is(const struct world *w, const char *suffix)
{
    char path[PATH_MAX];

    snprintf(path, sizeof path, "%s%s", w->d->path, suffix);
    return access(path, F_OK) == 0;
}

/* No file of the other program's is open for writing in this process. */
static inline void assert_read_only(const struct world *w)
{
    DIR *fds = opendir("/proc/self/fd");
    struct dirent *entry;
    size_t found = 0;

    assert_non_null(fds);
    while ((entry = readdir(fds))) {
        char link[300], path[PATH_MAX];
        int fd = atoi(entry->d_name), flags;
        ssize_t length;

        snprintf(link, sizeof link, "/proc/self/fd/%s", entry->d_name);
        length = readlink(link, path, sizeof path - 1);
        if (length < 0 || !isdigit((unsigned char)*entry->d_name))
            continue;
        path[length] = '\0';
        if (strncmp(path, w->d->path, strlen(w->d->path)) != 0)
            continue;
        flags = fcntl(fd, F_GETFL);
        if ((flags & O_ACCMODE) != O_RDONLY)
            fail_msg("%s is open for writing", path);
        found++;
    }
    closedir(fds);
    assert_true(found > 0);
}

/* What reads, reads `sum`. */
static inline void assert_sum(const struct world *w, int64_t sum)
{
    assert_int_equal(number(w->d->db, sql_sum), sum);
    assert_read_only(w);
}

static inline enum err read_sum(const struct world *w)
{
    int64_t sum;

    return db_integer(w->d->db, sql_sum, DB_NO_ARGS, &sum);
}

#endif
