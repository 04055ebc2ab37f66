/* SPDX-License-Identifier: ISC */
/*
 * Dendrite's purgeRoom. Who asks for it may have mistaken the room: a room with members of this server is
 * refused unless ?evacuate=true has them leave first, and ?dry_run=true only counts what would go.
 */
#include "handler/handlers.h"
#include "handler/parameters.h"
#include "store/memberships.h"
#include "store/purge.h"
#include "store/rooms.h"

struct wish {
    const char *room_id;
    int64_t room_nid;
    bool dry_run;
    bool evacuate;
    int64_t joined_local; /* members of this server */
};

static enum err find_room(struct call *call, struct wish *wish)
{
    struct membership_counts counts = {0};
    struct room_row room = {0};
    enum err e = rooms_find(call->app->db, wish->room_id, call->arena, &room);

    nids_free(&room.latest);
    if (!e)
        e = memberships_count(call->app->db, room.nid, &counts);
    wish->room_nid = room.nid;
    wish->joined_local = counts.joined_local;
    return e;
}

/* Reads what is asked for, and finds the room. False after the answer has become an error. */
static bool read_wish(struct call *call, struct wish *wish)
{
    enum err e;

    *wish = (struct wish){.room_id = call->parameters[0]};
    if (!parameter_boolean(call, "dry_run", &wish->dry_run) ||
        !parameter_boolean(call, "evacuate", &wish->evacuate) || !call_room_id(call, wish->room_id))
        return false;
    e = find_room(call, wish);
    if (e)
        call_fail_absent(call, e, "Room not found");
    return e == ERR_OK;
}

/* {"roomserver_events": 12, …}, without the tables that have nothing of the room; NULL when memory is gone.
 */
static json_t *rows_of(const struct purge *purge)
{
    size_t count;
    const struct purge_count *counts = purge_counts(purge, &count);
    json_t *rows = json_object();

    for (size_t i = 0; rows && i < count; i++)
        if (counts[i].rows > 0 &&
            json_object_set_new(rows, counts[i].table, json_integer(counts[i].rows)) < 0) {
            json_decref(rows);
            return NULL;
        }
    return rows;
}

/* Each slice sees the database as it is then: a reader that stayed long would hold a Dendrite up. */
static json_t *foresee(struct call *call, const struct wish *wish)
{
    struct db *db = call->app->db;
    enum purge_mode mode = db_attached(db) ? PURGE_COUNT_DENDRITES : PURGE_COUNT;
    struct purge *purge = NULL;
    bool done = false;
    json_t *answer;
    enum err e = purge_open(&purge, db, mode, wish->room_nid, wish->room_id);

    while (!e && !done)
        e = purge_step(purge, &done);
    answer = e ? call_fail_err(call, e)
               : json_pack("{s:b, s:I, s:o}", "dry_run", 1, "joined_local_members",
                           (json_int_t)wish->joined_local, "rows", rows_of(purge));
    purge_free(&purge);
    return answer;
}

static json_t *refuse_joined(struct call *call, const struct wish *wish)
{
    return call_fail(call, API_BAD_REQUEST,
                     arena_printf(call->arena,
                                  "%lld users of this server are joined to this room: evacuate it first, or"
                                  " ask with ?evacuate=true",
                                  (long long)wish->joined_local));
}

/* Has the members leave. False after the answer has become an error. */
static bool evacuate(struct call *call, const struct wish *wish, struct id_list *affected)
{
    enum err e = homeserver_can_delete_room(&call->homeserver, true);

    if (!e)
        e = homeserver_evacuate_room(&call->homeserver, wish->room_id, false, call->arena, affected);
    if (e == ERR_INVALID)
        call_fail(call, API_BAD_REQUEST, ROOM_VERSION_UNKNOWN);
    else if (e)
        call_fail_absent(call, e, "Room not found");
    else if (affected->job_id)
        call_fail(call, API_UNAVAILABLE,
                  arena_printf(call->arena, "The room is still being evacuated, by job %s: ask again",
                               affected->job_id));
    return !e && !affected->job_id;
}

json_t *purge_room(struct call *call)
{
    struct id_list affected = {0};
    struct wish wish;
    enum err e;

    if (!read_wish(call, &wish))
        return NULL;
    if (wish.dry_run)
        return foresee(call, &wish);
    if (wish.joined_local > 0 && !wish.evacuate)
        return refuse_joined(call, &wish);
    if (wish.joined_local > 0 && !evacuate(call, &wish, &affected))
        return NULL;
    e = homeserver_purge_room(&call->homeserver, wish.room_id, false);
    if (e == ERR_INVALID && find_room(call, &wish) == ERR_OK) /* who could not leave, or has come since */
        return refuse_joined(call, &wish);
    if (e)
        return call_fail_absent(call, e, "Room not found");
    return wish.evacuate ? json_pack("{s:o}", "affected", call_ids(&affected)) : json_object();
}
