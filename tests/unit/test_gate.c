/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/gate.h"

#define STUCK_SECONDS 120 /* then the test is killed, and so fails */

/* What the processes of a test share. */
struct shared {
    _Atomic int inside, most, entries, ready;
};

static struct shared *shared;
static char folder[] = "/tmp/test_gate.XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    alarm(STUCK_SECONDS);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || !mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/gate", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    munmap(shared, sizeof *shared);
    unlink(path);
    return rmdir(folder);
}

static void enter_and_count(struct gate *gate)
{
    int inside;
    int most;

    if (gate_enter(gate))
        _exit(1);
    inside = atomic_fetch_add(&shared->inside, 1) + 1;
    most = atomic_load(&shared->most);
    while (inside > most && !atomic_compare_exchange_weak(&shared->most, &most, inside))
        ;
    atomic_fetch_add(&shared->entries, 1);
}

/* Goes in and out `rounds` times. */
static void go_round(int slots, int rounds)
{
    struct gate *gate = NULL;

    if (gate_open(&gate, path, slots))
        _exit(1);
    for (int i = 0; i < rounds; i++) {
        enter_and_count(gate);
        usleep(500);
        atomic_fetch_sub(&shared->inside, 1);
        gate_leave(gate);
    }
    gate_close(&gate);
    _exit(0);
}

/* Goes in, and stays until `slots` are inside. */
static void stay_until_full(int slots)
{
    struct gate *gate = NULL;

    if (gate_open(&gate, path, slots))
        _exit(1);
    enter_and_count(gate);
    while (atomic_load(&shared->inside) < slots)
        usleep(500);
    _exit(0);
}

/* Goes in, says so, and stays until it is killed. */
static void stay(int slots)
{
    struct gate *gate = NULL;

    if (gate_open(&gate, path, slots))
        _exit(1);
    atomic_fetch_add(&shared->ready, 1);
    enter_and_count(gate);
    for (;;)
        pause();
}

static pid_t start_staying(int slots)
{
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        stay(slots);
    return child;
}

static void wait_for(_Atomic int *counter, int value)
{
    while (atomic_load(counter) < value)
        usleep(500);
}

static void kill_and_reap(pid_t child)
{
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static void reap_all(int count)
{
    for (int i = 0; i < count; i++) {
        int status;

        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
}

/* Never more than the places are inside, and everybody gets in as often as wanted. */
static void test_no_more_than_places(void **state)
{
    static const struct {
        int slots, children, rounds;
    } rows[] = {{1, 8, 10}, {2, 8, 20}, {3, 10, 20}, {5, 3, 20}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        *shared = (struct shared){0};
        for (int k = 0; k < rows[i].children; k++)
            if (fork() == 0)
                go_round(rows[i].slots, rows[i].rounds);
        reap_all(rows[i].children);
        assert_true(shared->most >= 1);
        assert_true(shared->most <= rows[i].slots);
        assert_int_equal(shared->entries, rows[i].children * rows[i].rounds);
    }
}

/* All places can be held at the same time: each child waits inside for the others. */
static void test_all_places(void **state)
{
    (void)state;
    for (int slots = 1; slots <= 4; slots++) {
        *shared = (struct shared){0};
        for (int i = 0; i < slots; i++)
            if (fork() == 0)
                stay_until_full(slots);
        reap_all(slots);
        assert_int_equal(shared->most, slots);
    }
}

static void test_place_of_the_killed(void **state)
{
    struct gate *gate = NULL;
    pid_t first, second;

    (void)state;
    *shared = (struct shared){0};
    assert_int_equal(gate_open(&gate, path, 2), ERR_OK);
    first = start_staying(2);
    second = start_staying(2);
    wait_for(&shared->inside, 2);
    assert_false(gate_try(gate));
    kill_and_reap(first);
    assert_true(gate_try(gate));
    assert_true(gate_try(gate)); /* one's own counts */
    gate_leave(gate);
    kill_and_reap(second);
    assert_int_equal(gate_enter(gate), ERR_OK);
    assert_int_equal(gate_enter(gate), ERR_OK);
    gate_close(&gate);
    assert_null(gate);
    gate_close(&gate);
}

/* Who waits first in the queue is killed: the next comes in none the less. */
static void test_waiter_is_killed(void **state)
{
    struct gate *gate = NULL;
    pid_t waiter, next;

    (void)state;
    *shared = (struct shared){0};
    assert_int_equal(gate_open(&gate, path, 1), ERR_OK);
    assert_true(gate_try(gate));
    waiter = start_staying(1);
    wait_for(&shared->ready, 1);
    next = start_staying(1);
    wait_for(&shared->ready, 2);
    kill_and_reap(waiter);
    assert_int_equal(shared->inside, 0);
    gate_leave(gate);
    wait_for(&shared->inside, 1);
    assert_false(gate_try(gate));
    kill_and_reap(next);
    assert_true(gate_try(gate));
    gate_leave(gate);
    gate_leave(gate);
    gate_close(&gate);
}

/* A time that has to pass before somebody comes in: each has its own connection to the file. */
static void test_left_empty(void **state)
{
    static const struct {
        int64_t ms;
        bool empty;
    } rows[] = {{0, false}, {-5, false}, {INT64_MIN, false}, {GATE_REST_MAX_MS, true}};
    struct gate *gate = NULL;

    (void)state;
    assert_int_equal(gate_open(&gate, path, 1), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(gate_try(gate));
        gate_leave_empty(gate, rows[i].ms);
        assert_false(gate_is_held(gate));
        assert_int_equal(gate_enter_within(gate, 0), rows[i].empty ? ERR_BUSY : ERR_OK);
        gate_leave(gate);
    }
    gate_leave_empty(gate, GATE_REST_MAX_MS);   /* of who has no place */
    assert_int_equal(gate_enter(gate), ERR_OK); /* when the time is over */
    gate_close(&gate);
    assert_int_equal(truncate(path, 0), 0);
}

/* A time of before the machine was restarted. */
static void test_left_empty_long_ago(void **state)
{
    static const int64_t far = INT64_MAX;
    struct gate *gate = NULL;
    FILE *file;

    (void)state;
    assert_int_equal(gate_open(&gate, path, 1), ERR_OK);
    assert_non_null(file = fopen(path, "r+"));
    assert_int_equal(fseek(file, sizeof far, SEEK_SET), 0);
    assert_int_equal(fwrite(&far, sizeof far, 1, file), 1);
    fclose(file); /* which lets go of this process's locks */
    assert_true(gate_try(gate));
    gate_close(&gate);
    assert_int_equal(truncate(path, 0), 0);
}

/* Says that it waits, and stays until it is killed. */
static void announce_and_stay(void)
{
    struct gate *gate = NULL;

    if (gate_open(&gate, path, 1))
        _exit(1);
    gate_announce(gate, true);
    atomic_fetch_add(&shared->ready, 1);
    for (;;)
        pause();
}

static void test_announced(void **state)
{
    struct gate *gate = NULL;
    pid_t children[2];

    (void)state;
    *shared = (struct shared){0};
    assert_int_equal(gate_open(&gate, path, 1), ERR_OK);
    gate_announce(gate, true);
    assert_false(gate_is_awaited(gate)); /* by another process */
    gate_announce(gate, false);
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            announce_and_stay();
    }
    wait_for(&shared->ready, 2);
    assert_true(gate_is_awaited(gate));
    assert_true(gate_try(gate)); /* they hold no place */
    kill_and_reap(children[0]);
    assert_true(gate_is_awaited(gate));
    kill_and_reap(children[1]);
    assert_false(gate_is_awaited(gate));
    gate_close(&gate);
}

static void test_file(void **state)
{
    struct gate *gate = NULL;
    struct stat found;
    char beside[sizeof path + 8];

    (void)state;
    assert_int_equal(gate_open(&gate, "/nonexistent/gate", 1), ERR_IO);
    assert_null(gate);
    assert_int_equal(gate_open_beside(&gate, path, "gate", 1), ERR_OK);
    snprintf(beside, sizeof beside, "%s.gate", path);
    assert_int_equal(stat(beside, &found), 0);
    assert_int_equal(found.st_mode & 07777, 0600);
    gate_close(&gate);
    assert_int_equal(unlink(beside), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_more_than_places), cmocka_unit_test(test_all_places),
        cmocka_unit_test(test_place_of_the_killed), cmocka_unit_test(test_waiter_is_killed),
        cmocka_unit_test(test_left_empty),          cmocka_unit_test(test_left_empty_long_ago),
        cmocka_unit_test(test_announced),           cmocka_unit_test(test_file),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
