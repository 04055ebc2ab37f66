/* SPDX-License-Identifier: ISC */
#include <time.h>

#include "base/clock.h"
#include "homeserver/standalone/batch.h"

#define BATCH_MS 400
/* Between two of them: who waits for the lock looks for it more often. */
#define GAP_MS 20

enum err batch_begin(struct batch *batch)
{
    const struct timespec gap = {.tv_nsec = GAP_MS * 1000000L};
    enum err e;

    if (batch->end_ms)
        nanosleep(&gap, NULL);
    e = db_begin(batch->db, DB_WRITE_BULK);
    batch->end_ms =
        clock_monotonic_ms() +
        (batch->lasts_ms ? batch->lasts_ms : BATCH_MS); /* without the time that it waited itself */
    return e;
}

bool batch_is_over(const struct batch *batch)
{
    return clock_monotonic_ms() >= batch->end_ms;
}
