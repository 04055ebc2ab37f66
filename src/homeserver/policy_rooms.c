/* SPDX-License-Identifier: ISC */
/* Rooms that nobody of this server has been in for long. */
#include "base/clock.h"
#include "homeserver/policy_walks.h"
#include "homeserver/upkeep.h"
#include "store/rooms_left.h"

#define FIND_MS 100

/* Whether the room is to go. One that a job is about is left to that. */
static enum err is_left(struct walk *walk, const char *room_id, bool *left)
{
    struct room_left room;
    int64_t jobs = 0;
    enum err e = rooms_left(walk->hs->db, room_id, &room);

    *left = !e && room.empty && room.since_ts > 0 && room.since_ts < walk->before_ts;
    if (!*left)
        return e;
    e = jobs_count_open(walk->hs->db, room_id, &jobs);
    *left = jobs == 0;
    return e;
}

static enum err add(struct walk *walk, const char *room_id, struct list *found)
{
    bool left = false;
    struct found *one;
    enum err e = is_left(walk, room_id, &left);

    if (e || !left)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    one = list_add(found);
    if (!one)
        return ERR_NOMEM;
    one->id = room_id;
    return ERR_OK;
}

/* The cursor is the last room's ID. A room with very many members of other servers takes a while. */
enum err policy_rooms_find(struct walk *walk, struct list *found, bool *over)
{
    const int64_t end_ms = clock_monotonic_ms() + FIND_MS;
    const char **ids = NULL;
    size_t count = 0;
    enum err e = *walk->cursor ? ERR_OK : upkeep_rooms(walk->hs);

    if (!e)
        e = rooms_left_list(walk->hs->db, walk->cursor, walk->slice, &ids, &count);
    *over = count == 0;
    for (size_t i = 0; !e && i < count && (i == 0 || clock_monotonic_ms() < end_ms); i++) {
        e = add(walk, ids[i], found);
        walk->cursor = ids[i];
    }
    return e;
}

/* One that has gone was purged; one that somebody has joined since it was found is left alone. */
static enum err purge(struct walk *walk, struct job_item *item)
{
    bool left = false;
    enum err e = is_left(walk, item->item, &left);

    if (!e && left) {
        walk->hs->reason = NULL;
        e = homeserver_purge_room(walk->hs, item->item, false);
    }
    if (e == ERR_INVALID) { /* somebody is joined */
        e = ERR_OK;
        left = false;
    }
    if (left || e)
        return walk_judge(walk, item, e == ERR_NOT_FOUND ? ERR_OK : e, POLICY_ROOMS_PURGED);
    item->outcome = WALK_SPARED;
    return ERR_OK;
}

enum err policy_rooms_act(struct walk *walk, struct job_item *items, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++)
        e = purge(walk, &items[i]);
    return e;
}
