/* SPDX-License-Identifier: ISC */
/* Rooms that nobody of this server has been in for long. */
#include <inttypes.h>
#include <stdlib.h>

#include "homeserver/policy_walks.h"
#include "store/rooms.h"
#include "store/rooms_left.h"

static enum err add_id(const char *room_id, void *list)
{
    const char **item = list_add(list);

    if (item)
        *item = arena_strdup(((struct list *)list)->arena, room_id);
    return item && *item ? ERR_OK : ERR_NOMEM;
}

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

/* The cursor is the number of an event, that of the last room's creation. */
enum err policy_rooms_find(struct walk *walk, struct list *found, bool *over)
{
    struct list rooms = {.arena = walk->slice, .item_size = sizeof(const char *)};
    int64_t after = strtoll(walk->cursor, NULL, 10);
    const char *const *ids;
    enum err e = rooms_empty(walk->hs->db, &after, over, add_id, &rooms);

    ids = rooms.items;
    for (size_t i = 0; !e && i < rooms.count; i++)
        e = add(walk, ids[i], found);
    walk->cursor = arena_printf(walk->slice, "%" PRId64, after);
    return e || walk->cursor ? e : ERR_NOMEM;
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
