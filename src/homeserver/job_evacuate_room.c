/* SPDX-License-Identifier: ISC */
/* A room whose members leave one by one. */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "matrix/id.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/rooms.h"

#define AFFECTED  "affected"
#define FAILED    "failed"
#define SLICE     500 /* members that are read at once: little enough for a short transaction */
#define LEAVE_MAX 100 /* members that one batch looks at */

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
 * Notes the next members as to leave; the job's cursor is the last of their join events. Who joined while the
 * others left comes last, and who left and joins again is left alone, or this would never end.
 */
static enum err plan(struct homeserver *hs, struct job *job, struct arena *arena, bool *over)
{
    int64_t after = strtoll(job->cursor, NULL, 10);
    struct member *members = NULL;
    size_t count = 0;
    enum err e =
        read_members(hs->db, job->target, after, arena, &members, &count, *job->cursor ? NULL : &job->total);

    *over = count == 0;
    if (e || count == 0)
        return e;
    e = db_begin(hs->db, DB_NOTE);
    if (e)
        return e;
    for (size_t i = 0; !e && i < count; i++)
        e = job_items_add(hs->db, job->id, members[i].user_id);
    e = db_end(hs->db, e);
    if (!e)
        job->cursor = arena_printf(arena, "%lld", (long long)members[count - 1].event_nid);
    return e || job->cursor ? e : ERR_NOMEM;
}

static enum err is_joined(struct homeserver *hs, const struct job *job, const char *user_id,
                          struct arena *arena, bool *joined)
{
    enum membership membership = MEMBERSHIP_LEAVE;
    int64_t room_nid, user_nid;
    enum err e = db_begin(hs->db, DB_READ);

    if (e)
        return e;
    e = find_room(hs->db, job->target, arena, &room_nid);
    if (!e)
        e = state_keys_find(hs->db, user_id, &user_nid);
    if (!e)
        e = memberships_find(hs->db, room_nid, user_nid, &membership);
    *joined = membership == MEMBERSHIP_JOIN;
    return db_end(hs->db, e);
}

/* Whether an error is about the one user, so that the others go on. */
static bool is_of_user(enum err e)
{
    return e == ERR_DENIED || e == ERR_INVALID || e == ERR_TOO_LARGE || e == ERR_NOT_FOUND ||
           e == ERR_DEACTIVATED;
}

/*
 * Has one member leave. Who is not joined any more is affected as well: a batch was cut off after this leave,
 * and before it was written down.
 */
static enum err leave(struct homeserver *hs, const struct job *job, struct job_item *item,
                      struct arena *arena)
{
    struct user_id id;
    bool joined = false;
    enum err e = is_joined(hs, job, item->item, arena, &joined);

    item->outcome = AFFECTED;
    if (e || !joined)
        return e;
    hs->reason = NULL;
    e = user_id_parse(item->item, &id) ? homeserver_leave(hs, id.localpart, job->target) : ERR_INVALID;
    if (!is_of_user(e))
        return e;
    item->outcome = FAILED;
    item->detail = hs->reason ? arena_strdup(arena, hs->reason) : err_text(e);
    hs->reason = NULL;
    return item->detail ? ERR_OK : ERR_NOMEM;
}

/* Writes down what has become of the first `count` items. */
static enum err settle(struct homeserver *hs, struct job *job, const struct job_item *items, size_t count)
{
    enum err e = count > 0 ? db_begin(hs->db, DB_NOTE) : ERR_OK;

    if (e || count == 0)
        return e;
    for (size_t i = 0; !e && i < count; i++)
        e = job_items_settle(hs->db, job->id, &items[i]);
    e = db_end(hs->db, e);
    if (!e)
        job->done = items[count - 1].position; /* they leave in the order of their positions */
    if (job->total < job->done)
        job->total = job->done;
    return e;
}

/* Has those leave who were noted, until the time is over. `*over` is whether there were none. */
static enum err leave_noted(struct homeserver *hs, struct job *job, int64_t end_ms, struct arena *arena,
                            bool *over)
{
    struct job_item *items = NULL;
    size_t count = 0, left = 0;
    enum err e = job_items_waiting(hs->db, job->id, LEAVE_MAX, arena, &items, &count), settled;

    *over = count == 0;
    while (!e && left < count && (left == 0 || clock_monotonic_ms() < end_ms)) {
        e = leave(hs, job, &items[left], arena);
        left += !e;
    }
    settled = settle(hs, job, items, left);
    return e ? e : settled;
}

enum err job_evacuate_room(struct homeserver *hs, struct job *job, struct arena *arena)
{
    int64_t end_ms = clock_monotonic_ms() + JOB_BATCH_MS;
    bool over = false;
    enum err e = ERR_OK;

    while (!e && !over && clock_monotonic_ms() < end_ms) {
        e = leave_noted(hs, job, end_ms, arena, &over);
        if (!e && over)
            e = plan(hs, job, arena, &over);
    }
    if (!e && over)
        job->status = JOB_COMPLETE;
    return e;
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
