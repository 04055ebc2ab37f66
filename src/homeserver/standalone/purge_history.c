/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/audit.h"
#include "homeserver/standalone/batch.h"
#include "homeserver/standalone/standalone.h"
#include "store/history.h"
#include "store/rooms.h"

/* A step: the events first, by their numbers, and then what users were notified of, user by user. */
struct purging {
    struct homeserver *hs;
    struct history_purge *purge;
    struct arena *arena;
    struct history_range range;
    struct nids kept;      /* the events that the room goes on with, and its newest message */
    int64_t after;         /* the event up to which all have been looked at */
    const char *localpart; /* likewise the user; NULL: the events are not through */
    bool noted;
    struct batch batch;
};

/* The cursor is the number of an event, or "@" and a localpart. */
static void read_cursor(struct purging *purging)
{
    const char *cursor = purging->purge->cursor;

    purging->after = strtoll(cursor, NULL, 10);
    purging->localpart = *cursor == '@' ? cursor + 1 : NULL;
}

static enum err write_cursor(struct purging *purging)
{
    const char *cursor = purging->localpart ? arena_printf(purging->arena, "@%s", purging->localpart)
                                            : arena_printf(purging->arena, "%" PRId64, purging->after);

    if (!cursor)
        return ERR_NOMEM;
    purging->purge->cursor = cursor;
    return ERR_OK;
}

/* Whether the transaction has lasted long enough; nobody waits for one that reads. */
static bool is_over(const struct purging *purging)
{
    return !purging->purge->dry_run && batch_is_over(&purging->batch);
}

/* Finds the room, and what stays of it. */
static enum err begin(struct purging *purging)
{
    struct db *db = purging->hs->db;
    const struct history_purge *purge = purging->purge;
    struct room_row room = {0};
    int64_t newest = 0;
    enum err e = rooms_find(db, purge->room_id, purging->arena, &room);

    purging->kept = room.latest;
    purging->range = (struct history_range){
        .room_nid = room.nid,
        .depth = purge->depth,
        .kept_server = purge->local_too ? "" : purging->hs->config->server_name,
    };
    if (!e)
        e = history_newest_message(db, purge->room_id, &newest);
    return e ? e : nids_add(&purging->kept, newest);
}

static enum err is_kept(struct purging *purging, const struct old_event *event, bool *kept)
{
    *kept = false;
    for (size_t i = 0; i < purging->kept.count; i++)
        if (purging->kept.items[i] == event->nid)
            *kept = true;
    if (*kept || !event->is_redaction)
        return ERR_OK;
    return history_redacts(purging->hs->db, event->id, purging->purge->dry_run, kept);
}

/* Removes an event; before the first, it is noted for who looks for gaps that there are some. */
static enum err remove_event(struct purging *purging, const struct old_event *event)
{
    struct db *db = purging->hs->db;
    const struct history_purge *purge = purging->purge;
    enum err e = ERR_OK;

    if (!purging->noted)
        e = history_note_purge(db, purge->room_id, purge->depth, clock_now_ms());
    purging->noted = true;
    return e ? e : history_remove(db, purge->room_id, event);
}

/* Removes events of a slice; when the time is over in its middle, that goes on after the last one removed. */
static enum err remove_events(struct purging *purging, const struct old_event *events, size_t count,
                              int64_t slice_end)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++) {
        bool kept;

        if (i > 0 && is_over(purging))
            return ERR_OK;
        e = is_kept(purging, &events[i], &kept);
        if (!e && !kept && !purging->purge->dry_run)
            e = remove_event(purging, &events[i]);
        purging->purge->removed += !e && !kept;
        purging->after = events[i].nid;
    }
    purging->after = slice_end;
    return e;
}

static enum err purge_slice(struct purging *purging)
{
    struct old_event *events = NULL;
    int64_t slice_end = purging->after;
    size_t count = 0;
    bool last = false;
    enum err e = history_old_events(purging->hs->db, &purging->range, &slice_end, purging->arena, &events,
                                    &count, &last);

    if (!e && last) {
        purging->localpart = "";
        purging->purge->done = purging->purge->dry_run;
    }
    return e || last ? e : remove_events(purging, events, count, slice_end);
}

static enum err purge_some(struct purging *purging)
{
    struct history_purge *purge = purging->purge;
    enum err e = begin(purging);

    while (!e && !purge->done && !is_over(purging)) {
        if (!purging->localpart)
            e = purge_slice(purging);
        else
            e = history_remove_notifications(purging->hs->db, purge->room_id, purging->arena,
                                             &purging->localpart);
        if (e == ERR_NOT_FOUND && purging->localpart) {
            purge->done = true;
            e = ERR_OK;
        }
    }
    return e;
}

static enum err foresee(struct purging *purging)
{
    struct db *db = purging->hs->db;
    enum err e = db_begin(db, DB_READ);

    if (!e)
        e = db_end(db, purge_some(purging));
    nids_free(&purging->kept);
    return e;
}

enum err standalone_purge_history(struct homeserver *hs, struct history_purge *purge, struct arena *arena)
{
    struct purging purging = {
        .hs = hs, .purge = purge, .arena = arena, .batch = BATCH_OF_STEP(hs->db, !*purge->cursor)};
    int64_t removed = purge->removed;
    enum err e;

    if (purge->dry_run)
        return foresee(&purging);
    e = batch_begin(&purging.batch);
    if (e)
        return e;
    read_cursor(&purging);
    e = purge_some(&purging);
    if (!e)
        e = write_cursor(&purging);
    if (!purge->done)
        audit_unfinished(hs->audit);
    e = db_end(hs->db, e);
    nids_free(&purging.kept);
    if (e)
        purge->removed = removed;
    else if (purge->done)
        log_info("the history of room %s is purged: %lld events", purge->room_id, (long long)purge->removed);
    return e;
}
