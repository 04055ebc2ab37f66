/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "http/request.h"

/* A peer that sends `size` bytes "x", at most `step` at once, and then ends or breaks off. */
struct peer {
    size_t size, step;
    bool breaks;
    size_t sent;
};

static long peer_read(void *context, char *bytes, size_t size)
{
    struct peer *peer = context;
    size_t left = peer->size - peer->sent;

    if (left == 0)
        return peer->breaks ? -1 : 0;
    if (size > left)
        size = left;
    if (size > peer->step)
        size = peer->step;
    memset(bytes, 'x', size);
    peer->sent += size;
    return (long)size;
}

static const struct {
    long long told; /* Content-Length */
    size_t sent, step;
    bool breaks;
    size_t limit;
    enum err err;
    size_t read; /* how much of it was taken from the peer */
} rows[] = {
    {0, 0, 1, false, 10, ERR_OK, 0},
    {5, 5, 5, false, 10, ERR_OK, 5},
    {5, 5, 1, false, 10, ERR_OK, 5},
    {10, 10, 3, false, 10, ERR_OK, 10},
    /* Not a byte beyond Content-Length. */
    {5, 20, 20, false, 10, ERR_OK, 5},
    {0, 20, 20, false, 10, ERR_OK, 0},
    /* Too large, and known before anything is read. */
    {11, 11, 11, false, 10, ERR_TOO_LARGE, 0},
    {LLONG_MAX, 11, 11, false, 10, ERR_TOO_LARGE, 0},
    /* Less than was told. */
    {5, 4, 4, false, 10, ERR_IO, 4},
    {5, 4, 4, true, 10, ERR_IO, 4},
    {5, 0, 4, true, 10, ERR_IO, 0},
    /* Of unknown length: to the end. */
    {-1, 0, 1, false, 10, ERR_OK, 0},
    {-1, 10, 4, false, 10, ERR_OK, 10},
    {-1, 11, 11, false, 10, ERR_TOO_LARGE, 11},
    {-1, 11, 4, false, 10, ERR_TOO_LARGE, 11},
    {-1, 4, 4, true, 10, ERR_IO, 4},
    {-1, 5000, 700, false, 65536, ERR_OK, 5000},
    {-1, 65536, 4096, false, 65536, ERR_OK, 65536},
};

static void reads(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct peer peer = {.size = rows[i].sent, .step = rows[i].step, .breaks = rows[i].breaks};
        struct request request = {.content_length = rows[i].told, .body = {peer_read, &peer}};
        const char *bytes;
        size_t size;
        enum err e = request_read_body(&request, rows[i].limit, arena, &bytes, &size);

        if (e != rows[i].err)
            fail_msg("row %zu: %s", i, err_text(e));
        assert_int_equal(peer.sent, rows[i].read);
        if (e)
            continue;
        assert_int_equal(size, rows[i].read);
        assert_int_equal(strlen(bytes), size);
        assert_int_equal(strspn(bytes, "x"), size);
    }
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
