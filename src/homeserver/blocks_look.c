/* SPDX-License-Identifier: ISC */
/*
 * Another homeserver lets users come to a room that only we know to be blocked. Whoever does has a job of the
 * event that it was by: one that comes again has another one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "homeserver/blocks.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "matrix/field.h"
#include "matrix/id.h"
#include "store/blocked_rooms.h"
#include "store/presence.h"
#include "store/settings.h"
#include "store/sync.h"

#define SLICE 5000 /* places that are looked through at once: little enough for a short transaction */

/* A look at what has come since the last one. */
struct look {
    struct homeserver *hs;
    struct arena *arena;
    struct stream_place after, until;
    struct list found; /* of struct arrival */
};

static enum err add(const struct arrival *arrival, void *context)
{
    struct look *look = context;
    struct arrival *item;
    struct user_id id;

    if (!user_id_parse(arrival->user_id, &id) || strcmp(id.server_name, look->hs->config->server_name) != 0)
        return ERR_OK;
    item = list_add(&look->found);
    if (!item)
        return ERR_NOMEM;
    *item = (struct arrival){
        .event_id = arena_strdup(look->arena, arrival->event_id),
        .room_id = arena_strdup(look->arena, arrival->room_id),
        .user_id = arena_strdup(look->arena, arrival->user_id),
    };
    return item->event_id && item->room_id && item->user_id ? ERR_OK : ERR_NOMEM;
}

/* Where the last look ended; before the first one, where the first room was blocked. */
static enum err read_seen(struct look *look, bool *any)
{
    const char *text = "";
    char *end;
    struct stream_place seen;
    enum err e = blocked_rooms_first(look->hs->db, &look->after, any);

    if (e || !*any)
        return e;
    e = settings_find(look->hs->db, SETTING_BLOCKS_SEEN, look->arena, &text);
    seen.events = strtoll(text, &end, 10);
    seen.invites = strtoll(end, NULL, 10);
    if (look->after.events < seen.events)
        look->after.events = seen.events;
    if (look->after.invites < seen.invites)
        look->after.invites = seen.invites;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum err find_arrivals(struct look *look)
{
    struct db *db = look->hs->db;
    struct stream_place last = {0};
    enum err e = sync_last(db, SYNC_EVENTS, &last.events);

    if (!e)
        e = sync_last(db, SYNC_INVITES, &last.invites);
    look->until.events = least(last.events, look->after.events + SLICE);
    look->until.invites = least(last.invites, look->after.invites + SLICE);
    return e ? e : blocked_rooms_arrivals(db, &look->after, &look->until, add, look);
}

/* Adds the job of an arrival; one that there is already is the same. */
static enum err add_job(struct look *look, const struct arrival *arrival)
{
    json_t *parameters = json_pack("{s:s, s:s}", "room_id", arrival->room_id, "user_id", arrival->user_id);
    char *text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;
    const struct job job = {.kind = JOB_KEEP_OUT, .target = arrival->event_id, .parameters = text};
    char id[JOBS_ID_SIZE];
    enum err e = text ? jobs_insert(look->hs->db, &job, clock_now_ms(), id) : ERR_NOMEM;

    free(text);
    json_decref(parameters);
    return e == ERR_EXISTS ? ERR_OK : e;
}

/* Writes down the jobs, and how far it was looked, together. */
static enum err note(struct look *look)
{
    const struct arrival *found = look->found.items;
    const char *seen =
        arena_printf(look->arena, "%lld %lld", (long long)look->until.events, (long long)look->until.invites);
    enum err e = seen ? db_begin(look->hs->db, DB_NOTE) : ERR_NOMEM;

    if (e)
        return e;
    for (size_t i = 0; !e && i < look->found.count; i++)
        e = add_job(look, &found[i]);
    if (!e)
        e = settings_put(look->hs->db, SETTING_BLOCKS_SEEN, seen);
    e = db_end(look->hs->db, e);
    if (!e && look->found.count > 0)
        presence_ring(look->hs->presence);
    return e;
}

static enum err look_once(struct look *look, bool *over)
{
    bool any = false;
    enum err e = db_begin(look->hs->db, DB_READ);

    if (e)
        return e;
    e = read_seen(look, &any);
    if (!e && any)
        e = find_arrivals(look);
    e = db_end(look->hs->db, e);
    *over = !any || (look->until.events <= look->after.events && look->until.invites <= look->after.invites);
    return e || *over ? e : note(look);
}

enum err blocks_look(struct homeserver *hs)
{
    struct look look = {.hs = hs, .arena = db_attached(hs->db) ? arena_new() : NULL};
    bool over = !db_attached(hs->db);
    enum err e = over || look.arena ? ERR_OK : ERR_NOMEM;

    while (!e && !over) {
        look.found = (struct list){.arena = look.arena, .item_size = sizeof(struct arrival)};
        e = look_once(&look, &over);
        arena_reset(look.arena);
    }
    arena_free(&look.arena);
    return e;
}

static enum err keep_out(struct homeserver *hs, const char *room_id, const char *user_id, struct arena *arena)
{
    struct mover mover = {.user_id = user_id};
    struct room_move move = {.from = room_id, .movers = &mover, .count = 1};
    bool blocked = false;
    enum err e = blocked_rooms_has(hs->db, room_id, &blocked);

    if (e || !blocked) /* it is blocked no more */
        return e;
    e = homeserver_move_members(hs, &move, arena);
    if (e || !mover.failed)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    homeserver_reason(hs, "%s stays in %s: %s", user_id, room_id, mover.failed);
    return ERR_DENIED;
}

enum err job_keep_out(struct homeserver *hs, struct job *job, struct arena *arena)
{
    json_t *parameters = json_loads(job->parameters, 0, NULL);
    const char *room_id = field_string(parameters, "room_id"), *user_id = field_string(parameters, "user_id");
    enum err e = room_id && user_id ? keep_out(hs, room_id, user_id, arena) : ERR_CORRUPT;

    job->total = 1;
    if (!e) {
        job->done = 1;
        job->status = JOB_COMPLETE;
    }
    json_decref(parameters);
    return e;
}
