/* SPDX-License-Identifier: ISC */
/*
 * Lets the n-th allocation of a program fail: its malloc(3), calloc(3) and realloc(3) stand before the C
 * library's, also for what the library and others allocate. To be included by one file of a test program.
 *
 *     for (int n = 1; alloc_fail(n), e = act(), alloc_failed(); n++)
 *         assert_int_equal(e, ERR_NOMEM);
 *     assert_int_equal(e, ERR_OK);
 */
#ifndef TEST_ALLOC_H
#define TEST_ALLOC_H

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALLOC_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ALLOC_SANITIZED)
/* The sanitizer's allocator, which must stay the one that gives and frees, has these names for this use. */
#define ALLOC_REAL(name) __interceptor_##name
#else
#define ALLOC_REAL(name) __libc_##name
#endif

void *ALLOC_REAL(malloc)(size_t size);
void *ALLOC_REAL(calloc)(size_t count, size_t size);
void *ALLOC_REAL(realloc)(void *memory, size_t size);

static int alloc_countdown; /* allocations until the one that fails; 0: none fails */
static bool alloc_did_fail;

/* Makes the n-th allocation from now on fail, and only that. */
static inline void alloc_fail(int n)
{
    alloc_countdown = n;
    alloc_did_fail = false;
}

/* Lets allocations succeed again, and says whether one failed. */
static inline bool alloc_failed(void)
{
    alloc_countdown = 0;
    return alloc_did_fail;
}

static inline bool alloc_refuses(void)
{
    if (alloc_countdown == 0 || --alloc_countdown > 0)
        return false;
    alloc_did_fail = true;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    return alloc_refuses() ? NULL : ALLOC_REAL(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
    return alloc_refuses() ? NULL : ALLOC_REAL(calloc)(count, size);
}

void *realloc(void *memory, size_t size)
{
    return alloc_refuses() ? NULL : ALLOC_REAL(realloc)(memory, size);
}

#endif
