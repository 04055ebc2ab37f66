/* SPDX-License-Identifier: ISC */
#include <time.h>

#include "base/clock.h"
#include "homeserver/dendrite/rooms.h"
#include "store/heard.h"
#include "store/rooms.h"

/*
 * Milliseconds. Dendrite's parts hear of an event within a fraction of a second, on a busy server within a
 * few seconds. After the quiet time, what has left no trace has been heard of.
 */
#define SETTLE_MS 30000
#define QUIET_MS  1000
#define LATEST_MS 5000

static const struct timespec look_again = {.tv_nsec = 20000000};

/* How long nothing has happened in a room: since the newest of the events that its history ends with. */
static enum err find_quiet(struct homeserver *hs, const char *room_id, struct arena *arena, int64_t *quiet_ms)
{
    struct room_row row = {0};
    int64_t newest = 0, sent_ts = 0;
    enum err e = rooms_find(hs->db, room_id, arena, &row);

    for (size_t i = 0; i < row.latest.count; i++)
        if (row.latest.items[i] > newest)
            newest = row.latest.items[i];
    nids_free(&row.latest);
    if (!e && newest)
        e = heard_sent_ts(hs->db, newest, &sent_ts);
    *quiet_ms = clock_now_ms() - sent_ts;
    return e;
}

enum err dendrite_settle(struct homeserver *hs, const char *room_id, struct arena *arena)
{
    int64_t end_ms = clock_monotonic_ms() + SETTLE_MS, quiet_ms = 0;
    bool heard = false;
    enum err e = find_quiet(hs, room_id, arena, &quiet_ms);

    while (!e) {
        e = heard_leaves(hs->db, room_id, hs->config->server_name, &heard);
        if (e || (heard && quiet_ms >= QUIET_MS))
            return e;
        if (clock_monotonic_ms() >= end_ms)
            break;
        nanosleep(&look_again, NULL);
        quiet_ms += look_again.tv_nsec / 1000000;
    }
    if (e || heard) /* quiet enough by then, whatever the clock of the event's sender says */
        return e;
    return dendrite_fail(hs, ERR_BUSY,
                         "Parts of Dendrite have not heard yet that the room's members have left, try again");
}

static enum err is_latest_heard(struct homeserver *hs, const char *room_id, struct arena *arena, bool *heard)
{
    struct room_row row = {0};
    enum err e = rooms_find(hs->db, room_id, arena, &row);

    *heard = true;
    for (size_t i = 0; !e && *heard && i < row.latest.count; i++)
        e = heard_event(hs->db, row.latest.items[i], heard);
    nids_free(&row.latest);
    return e;
}

enum err dendrite_settle_latest(struct homeserver *hs, const char *room_id, struct arena *arena)
{
    int64_t end_ms = clock_monotonic_ms() + LATEST_MS;
    bool heard = false;
    enum err e = is_latest_heard(hs, room_id, arena, &heard);

    while (!e && !heard && clock_monotonic_ms() < end_ms) {
        nanosleep(&look_again, NULL);
        e = is_latest_heard(hs, room_id, arena, &heard);
    }
    return e;
}
