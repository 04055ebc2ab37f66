/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

#include "crypto/signing_queue.h"

static struct signing_key key;

static int set_up(void **state)
{
    static const unsigned char seed[ED25519_SEED_SIZE] = "a seed that is no secret at all";

    (void)state;
    return signing_key_set(&key, "ed25519:1", seed);
}

static int tear_down(void **state)
{
    (void)state;
    signing_key_wipe(&key);
    return 0;
}

/* The n-th text; the seventh, and so on, is longer than most. */
static size_t text_of(int n, char text[3000])
{
    return (size_t)snprintf(text, 3000, "%0*d", n % 7 == 6 ? 2500 : 600, n);
}

static void put(struct signing_queue *queue, int n)
{
    char text[3000];
    size_t size = text_of(n, text);

    assert_false(signing_queue_full(queue));
    assert_int_equal(signing_queue_put(queue, text, size), ERR_OK);
}

static void get(struct signing_queue *queue, int n)
{
    unsigned char got[ED25519_SIGNATURE_SIZE], expected[ED25519_SIGNATURE_SIZE];
    char text[3000];
    size_t size = text_of(n, text);

    assert_int_equal(signing_queue_get(queue, got), ERR_OK);
    assert_int_equal(ed25519_sign(&key, text, size, expected), ERR_OK);
    assert_memory_equal(got, expected, sizeof got);
}

/* Puts `count` texts, gets one whenever the queue is full, and in the end the rest. */
static void sign(struct signing_queue *queue, int count)
{
    int got = 0;

    for (int n = 0; n < count; n++) {
        if (signing_queue_full(queue))
            get(queue, got++);
        put(queue, n);
    }
    while (got < count)
        get(queue, got++);
}

/* The child of this process; 0: none. */
static pid_t child_of(void)
{
    char path[64];
    FILE *file;
    int pid = 0;

    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    file = fopen(path, "r");
    if (file && fscanf(file, "%d", &pid) != 1)
        pid = 0;
    if (file)
        fclose(file);
    return pid;
}

static void signs_in_order(void **state)
{
    static const int counts[] = {
        0, 1, SIGNING_BLOCK - 1, SIGNING_BLOCK, SIGNING_BLOCK + 1, 2 * SIGNING_BLOCK, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct signing_queue *queue;

        assert_int_equal(signing_queue_open(&queue, &key), ERR_OK);
        sign(queue, counts[i]);
        assert_int_equal(child_of() != 0, counts[i] >= (int)SIGNING_BLOCK);
        signing_queue_close(&queue);
        assert_null(queue);
        assert_int_equal(child_of(), 0);
    }
}

static void what_is_left_in_it_is_forgotten(void **state)
{
    struct signing_queue *queue;

    (void)state;
    assert_int_equal(signing_queue_open(&queue, &key), ERR_OK);
    for (int n = 0; !signing_queue_full(queue); n++)
        put(queue, n);
    signing_queue_close(&queue);
    assert_int_equal(child_of(), 0);
    signing_queue_close(&queue);
}

static void a_killed_child_is_not_missed(void **state)
{
    struct signing_queue *queue;
    int n = 0;

    (void)state;
    assert_int_equal(signing_queue_open(&queue, &key), ERR_OK);
    while (n < (int)SIGNING_BLOCK)
        put(queue, n++);
    assert_int_not_equal(child_of(), 0);
    assert_int_equal(kill(child_of(), SIGKILL), 0);
    while (!signing_queue_full(queue))
        put(queue, n++);
    for (int i = 0; i < n; i++)
        get(queue, i);
    sign(queue, 500);
    signing_queue_close(&queue);
    assert_int_equal(child_of(), 0);
}

static void without_a_child_it_signs_itself(void **state)
{
    struct rlimit before, no_sockets;
    struct signing_queue *queue;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    no_sockets = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &no_sockets), 0);
    assert_int_equal(signing_queue_open(&queue, &key), ERR_OK);
    sign(queue, 500);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(child_of(), 0);
    signing_queue_close(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_in_order),
        cmocka_unit_test(what_is_left_in_it_is_forgotten),
        cmocka_unit_test(a_killed_child_is_not_missed),
        cmocka_unit_test(without_a_child_it_signs_itself),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
