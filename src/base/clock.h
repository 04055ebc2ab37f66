/* SPDX-License-Identifier: ISC */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

/* Now, in Unix milliseconds, the unit of Matrix timestamps (Client-Server API, "Timestamps"). */
int64_t clock_now_ms(void);

/* Milliseconds of a clock that never jumps, for measuring durations only. */
int64_t clock_monotonic_ms(void);

/* The same in microseconds, for the access log. */
int64_t clock_monotonic_us(void);

#endif
