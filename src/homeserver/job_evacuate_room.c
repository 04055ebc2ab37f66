/* SPDX-License-Identifier: ISC */
/* A room whose members leave one by one. */
#include <stdint.h>
#include <stdlib.h>

#include "base/list.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/walk.h"
#include "matrix/id.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/rooms.h"

#define AFFECTED "affected"
#define SLICE    500 /* members that are read at once: little enough for a short transaction */

static enum err find_room(struct db *db, const char *room_id, struct arena *arena, int64_t *room_nid)
{
    struct room_row row = {0};
    enum err e = rooms_find(db, room_id, arena, &row);

    *room_nid = row.nid;
    nids_free(&row.latest);
    return e;
}

/* The members after the event `after`, and how many there are in all. */
static enum err read_members(struct db *db, const char *room_id, int64_t after, struct arena *arena,
                             struct member **members, size_t *count, int64_t *total)
{
    struct membership_counts counts = {0};
    int64_t room_nid;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = find_room(db, room_id, arena, &room_nid);
    if (!e)
        e = memberships_local(db, room_nid, after, SLICE, arena, members, count);
    if (!e && total)
        e = memberships_count(db, room_nid, &counts);
    if (total)
        *total = counts.joined_local;
    return db_end(db, e);
}

/*
 * The next members; the cursor is the last of their join events. Who joined while the others left comes last,
 * and who left and joins again is left alone, or this would never end.
 */
static enum err find(struct walk *walk, struct list *found, bool *over)
{
    int64_t after = strtoll(walk->cursor, NULL, 10);
    struct member *members = NULL;
    size_t count = 0;
    enum err e = read_members(walk->hs->db, walk->target, after, walk->slice, &members, &count,
                              *walk->cursor ? NULL : &walk->total);

    *over = count == 0;
    for (size_t i = 0; !e && i < count; i++) {
        struct found *one = list_add(found);

        if (one)
            one->id = members[i].user_id;
        else
            e = ERR_NOMEM;
    }
    if (!e && count > 0)
        walk->cursor = arena_printf(walk->slice, "%lld", (long long)members[count - 1].event_nid);
    return e || walk->cursor ? e : ERR_NOMEM;
}

static enum err is_joined(struct walk *walk, const char *user_id, bool *joined)
{
    struct db *db = walk->hs->db;
    enum membership membership = MEMBERSHIP_LEAVE;
    int64_t room_nid, user_nid;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = find_room(db, walk->target, walk->arena, &room_nid);
    if (!e)
        e = state_keys_find(db, user_id, &user_nid);
    if (!e)
        e = memberships_find(db, room_nid, user_nid, &membership);
    *joined = membership == MEMBERSHIP_JOIN;
    return db_end(db, e);
}

/*
 * Has one member leave. Who is not joined any more is affected as well: a batch was cut off after this leave,
 * and before it was written down.
 */
static enum err leave(struct walk *walk, struct job_item *item)
{
    struct user_id id;
    bool joined = false;
    enum err e = is_joined(walk, item->item, &joined);

    item->outcome = AFFECTED;
    if (e || !joined)
        return e;
    walk->hs->reason = NULL;
    e = user_id_parse(item->item, &id) ? homeserver_leave(walk->hs, id.localpart, walk->target) : ERR_INVALID;
    return walk_judge(walk, item, e, AFFECTED);
}

static enum err act(struct walk *walk, struct job_item *items, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++)
        e = leave(walk, &items[i]);
    return e;
}

enum err job_evacuate_room(struct homeserver *hs, struct job *job, struct arena *arena)
{
    static const struct walk_kind kind = {.batch = 1, .find = find, .act = act};
    struct walk walk = {.hs = hs, .arena = arena};

    return walk_step(&kind, &walk, job);
}

/* Who would leave. */
static enum err foresee(struct homeserver *hs, const char *room_id, struct arena *arena,
                        struct id_list *affected)
{
    struct list list = {.arena = arena, .item_size = sizeof(const char *)};
    struct member *members = NULL;
    size_t count = SLICE;
    int64_t after = 0;
    enum err e = ERR_OK;

    while (!e && count == SLICE) {
        e = read_members(hs->db, room_id, after, arena, &members, &count, NULL);
        for (size_t i = 0; !e && i < count; i++) {
            const char **id = list_add(&list);

            if (id)
                *id = members[i].user_id;
            else
                e = ERR_NOMEM;
            after = members[i].event_nid;
        }
    }
    *affected = (struct id_list){.ids = list.items, .count = list.count};
    return e;
}

enum err jobs_evacuate_room(struct homeserver *hs, const char *room_id, bool dry_run, struct arena *arena,
                            struct id_list *affected)
{
    const struct job_request request = {.kind = JOB_EVACUATE_ROOM, .target = room_id};
    char id[JOBS_ID_SIZE];
    struct job job;
    enum err e = foresee(hs, room_id, arena, affected);

    /* Where there is nobody to leave, there is no job to be found later. */
    if (e || dry_run || affected->count == 0)
        return e;
    e = jobs_start(hs, &request, id);
    if (!e || e == ERR_EXISTS)
        e = jobs_wait(hs, id, arena, &job);
    if (!e)
        e = jobs_items(hs, id, AFFECTED, arena, affected);
    if (!e && !job_has_ended(&job))
        affected->job_id = job.id;
    return e;
}
