/* SPDX-License-Identifier: ISC */
#include <time.h>

#include "base/clock.h"
#include "crypto/gate.h"
#include "homeserver/dendrite/turn.h"

/* Milliseconds: how long a job lets requests go first, and how long it waits for its turn after that. It goes
 * on all the same, however many they are. */
#define YIELD_MS    1000
#define JOB_WAIT_MS 60000

/*
 * A change that took much longer than the fastest of the last ones, or than ALONE_MS milliseconds, has waited
 * for Dendrite's own clients, and they for it; then none of ours is asked for twice as long. With a pause of
 * that length, a server that is busy all the time is no slower for its clients; with one half as long it is.
 * Where all changes take long, the machine is slow, and nobody waits for the other.
 *
 * With a rollback journal that is not enough where requests come one right after another for minutes: changes
 * that are quick enough for no pause leave Dendrite's own clients waiting for seconds. What a request asks
 * for is then always followed by a pause, which is nothing to people, and makes scripts slow.
 */
#define ALONE_MS      80
#define PAUSE         2
#define REQUEST_PAUSE 5

#define TURN_BUSY "Dendrite is busy with other changes that mxadmin has asked for, try again"

static const struct timespec look_again = {.tv_nsec = 2000000};

static enum err open_gate(struct homeserver *hs)
{
    struct dendrite *dendrite = hs->dendrite;

    if (dendrite->turns)
        return ERR_OK;
    return gate_open_beside(&dendrite->turns, hs->config->database, "turns",
                            (int)hs->config->homeserver.concurrency);
}

static void yield(const struct gate *gate)
{
    int64_t end_ms = clock_monotonic_ms() + YIELD_MS;

    while (gate_is_awaited(gate) && clock_monotonic_ms() < end_ms)
        nanosleep(&look_again, NULL);
}

bool turn_try(struct homeserver *hs)
{
    struct dendrite *dendrite = hs->dendrite;
    bool had;

    if (open_gate(hs))
        return false;
    had = gate_is_held(dendrite->turns);
    if (!gate_try(dendrite->turns))
        return false;
    if (!had)
        dendrite->turn_began_ms = clock_monotonic_ms();
    return true;
}

void turn_announce(struct homeserver *hs, bool waiting)
{
    if (!open_gate(hs))
        gate_announce(hs->dendrite->turns, waiting);
}

enum err turn_begin(struct homeserver *hs, bool *taken)
{
    struct dendrite *dendrite = hs->dendrite;
    enum err e = open_gate(hs);

    *taken = !e && !gate_is_held(dendrite->turns);
    if (e || !*taken)
        return e;
    if (hs->in_job)
        yield(dendrite->turns);
    e = gate_enter_within(dendrite->turns, hs->in_job ? JOB_WAIT_MS : hs->config->homeserver.wait * 1000);
    *taken = !e;
    dendrite->turn_began_ms = clock_monotonic_ms();
    if (e == ERR_BUSY)
        return dendrite_fail(hs, e, TURN_BUSY);
    return e;
}

/* How long a turn that took `took_ms`, which is noted, has waited for others; 0 or less: not at all. */
static int64_t waited_ms(struct dendrite *dendrite, int64_t took_ms)
{
    int64_t fastest_ms = took_ms, usual_ms;

    for (unsigned i = 0; i < TURNS_NOTED && i < dendrite->turns_count; i++)
        if (dendrite->turns_took_ms[i] < fastest_ms)
            fastest_ms = dendrite->turns_took_ms[i];
    dendrite->turns_took_ms[dendrite->turns_count++ % TURNS_NOTED] = took_ms;
    usual_ms = fastest_ms * 3 / 2;
    return took_ms - (usual_ms > ALONE_MS ? usual_ms : ALONE_MS);
}

void turn_end(struct homeserver *hs, bool taken)
{
    struct dendrite *dendrite = hs->dendrite;
    int64_t took_ms, pause_ms;

    if (!taken || !dendrite->turns || !gate_is_held(dendrite->turns))
        return;
    took_ms = clock_monotonic_ms() - dendrite->turn_began_ms;
    pause_ms = PAUSE * waited_ms(dendrite, took_ms);
    if (!hs->in_job && db_reading_blocks(hs->db))
        pause_ms = REQUEST_PAUSE * took_ms;
    gate_leave_empty(dendrite->turns, pause_ms);
}
