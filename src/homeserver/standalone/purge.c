/* SPDX-License-Identifier: ISC */
#include "base/log.h"
#include "homeserver/audit.h"
#include "homeserver/standalone/batch.h"
#include "homeserver/standalone/standalone.h"
#include "store/memberships.h"
#include "store/purge.h"
#include "store/room_list.h"
#include "store/rooms.h"

/*
 * Makes a room one that we know nothing of, as one that we have only an invitation to: nobody comes to it any
 * more, and what else there is of it can go in several transactions.
 */
static enum err hide(struct homeserver *hs, const char *room_id, bool force, struct arena *arena,
                     int64_t *room_nid)
{
    struct membership_counts counts = {0};
    struct room_row room = {0};
    enum err e = rooms_find(hs->db, room_id, arena, &room);

    nids_free(&room.latest);
    if (!e)
        e = memberships_count(hs->db, room.nid, &counts);
    if (!e && counts.joined_local > 0 && !force)
        e = ERR_INVALID;
    *room_nid = room.nid;
    if (!e)
        e = rooms_update(hs->db, &(struct room_row){.nid = room.nid});
    return e ? e : room_list_touch(hs->db, room_id);
}

/* Removes as much as one transaction does. */
static enum err remove_batch(struct homeserver *hs, struct purge *purge, struct batch *batch, bool *done)
{
    enum err e = ERR_OK;

    while (!e && !*done && !batch_is_over(batch))
        e = purge_step(purge, done);
    if (!*done)
        audit_unfinished(hs->audit);
    return db_end(hs->db, e);
}

static void log_purged(const struct purge *purge, const char *room_id)
{
    int64_t rows = 0;
    size_t count;
    const struct purge_count *counts = purge_counts(purge, &count);

    for (size_t i = 0; i < count; i++)
        rows += counts[i].rows;
    log_info("room %s is purged: %lld rows", room_id, (long long)rows);
}

static enum err purge_room(struct homeserver *hs, const char *room_id, bool force, struct arena *arena)
{
    struct batch batch = {.db = hs->db};
    struct purge *purge = NULL;
    int64_t room_nid = 0;
    bool done = false;
    enum err e = batch_begin(&batch);

    if (e)
        return e;
    e = hide(hs, room_id, force, arena, &room_nid);
    if (!e)
        e = purge_open(&purge, hs->db, PURGE_REMOVE, room_nid, room_id);
    e = e ? db_end(hs->db, e) : remove_batch(hs, purge, &batch, &done);
    while (!e && !done) {
        e = batch_begin(&batch);
        if (!e)
            e = remove_batch(hs, purge, &batch, &done);
    }
    if (!e)
        log_purged(purge, room_id);
    purge_free(&purge);
    return e;
}

enum err standalone_purge_room(struct homeserver *hs, const char *room_id, bool force)
{
    struct arena *arena = arena_new();
    enum err e = arena ? purge_room(hs, room_id, force, arena) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}
