/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "base/clock.h"
#include "store/events.h"
#include "store/state_at.h"

static const char sql_find[] = "SELECT event_nid, state_snapshot_nid, event_state_key_nid FROM"
                               " roomserver_events WHERE event_id = ?1";
static const char sql_blocks[] =
    "SELECT state_block_nids FROM roomserver_state_snapshots WHERE state_snapshot_nid = ?1";
static const char sql_block[] = "SELECT event_nids FROM roomserver_state_block WHERE state_block_nid = ?1";
static const char sql_event[] =
    "SELECT e.event_id, j.event_json, t.event_type, k.event_state_key FROM roomserver_events e"
    " JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
    " JOIN roomserver_event_types t ON t.event_type_nid = e.event_type_nid"
    " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = e.event_state_key_nid"
    " WHERE e.event_nid = ?1";

#define SLICE_MS (DB_SLICE_MS / 2)

/* An event of a block, and where it is to be. */
struct placed {
    int64_t type_nid;
    int64_t state_key_nid;
    int64_t event_nid;
    size_t order; /* the last at a place counts */
};

static int compare_numbers(int64_t x, int64_t y)
{
    return (x > y) - (x < y);
}

static int compare_nids(const void *a, const void *b)
{
    return compare_numbers(*(const int64_t *)a, *(const int64_t *)b);
}

static bool same_place(const struct placed *x, const struct placed *y)
{
    return x->type_nid == y->type_nid && x->state_key_nid == y->state_key_nid;
}

static int compare_placed(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;

    if (x->type_nid != y->type_nid)
        return compare_numbers(x->type_nid, y->type_nid);
    if (x->state_key_nid != y->state_key_nid)
        return compare_numbers(x->state_key_nid, y->state_key_nid);
    return (x->order > y->order) - (x->order < y->order);
}

/* Appends the list that a statement of one row and column gives. ERR_NOT_FOUND when it has no row. */
static enum err read_list(struct db *db, const char *sql, int64_t nid, struct nids *nids)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, DB_ARGS(DB_I(nid)), &stmt);
    bool found = db_next(stmt, &e);

    if (found)
        e = nids_read(db_text(stmt, 0), nids);
    db_done(&stmt);
    return e || found ? e : ERR_NOT_FOUND;
}

/* Appends the events of a snapshot's blocks, which override each other in the order of their numbers. */
static enum err read_blocks(struct db *db, int64_t snapshot_nid, struct nids *events)
{
    struct nids blocks = {0};
    enum err e = snapshot_nid ? read_list(db, sql_blocks, snapshot_nid, &blocks) : ERR_OK;

    if (!e && blocks.count > 0)
        qsort(blocks.items, blocks.count, sizeof *blocks.items, compare_nids);
    for (size_t i = 0; !e && i < blocks.count; i++)
        e = read_list(db, sql_block, blocks.items[i], events);
    nids_free(&blocks);
    return e == ERR_NOT_FOUND ? ERR_CORRUPT : e;
}

/* Appends all that may be part of the state, each before what overrides it. */
static enum err read_events(struct db *db, const char *event_id, struct nids *events)
{
    int64_t event_nid = 0, snapshot_nid = 0, state_key_nid = STATE_KEY_NONE;
    struct stmt *stmt;
    enum err e = db_query(db, sql_find, DB_ARGS(DB_T(event_id)), &stmt);
    bool found = db_next(stmt, &e);

    if (found) {
        event_nid = db_int(stmt, 0);
        snapshot_nid = db_int(stmt, 1);
        state_key_nid = db_int(stmt, 2);
    }
    db_done(&stmt);
    if (!e && !found)
        e = ERR_NOT_FOUND;
    if (!e)
        e = read_blocks(db, snapshot_nid, events);
    if (!e && state_key_nid != STATE_KEY_NONE)
        e = nids_add(events, event_nid);
    return e;
}

/* Looks up the places of some of the events from `*i` on, until others wait. */
static enum err find_places(struct db *db, const struct nids *events, struct placed *placed, size_t *i)
{
    int64_t end_ms = clock_monotonic_ms() + SLICE_MS;
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    while (!e && *i < events->count && clock_monotonic_ms() < end_ms) {
        struct placed *item = &placed[*i];

        item->event_nid = events->items[*i];
        item->order = (*i)++;
        e = events_place(db, item->event_nid, &item->type_nid, &item->state_key_nid);
    }
    return db_end(db, e);
}

/* Leaves the events that no other overrides, in the order of their numbers. */
static enum err keep_last(struct db *db, struct nids *events)
{
    struct placed *placed = calloc(events->count + 1, sizeof *placed);
    size_t i = 0, kept = 0;
    enum err e = placed ? ERR_OK : ERR_NOMEM;

    while (!e && i < events->count)
        e = find_places(db, events, placed, &i);
    if (!e)
        qsort(placed, events->count, sizeof *placed, compare_placed);
    for (i = 0; !e && i < events->count; i++)
        if (i + 1 == events->count || !same_place(&placed[i], &placed[i + 1]))
            events->items[kept++] = placed[i].event_nid;
    free(placed);
    events->count = kept;
    if (!e && kept > 0)
        qsort(events->items, kept, sizeof *events->items, compare_nids);
    return e;
}

enum err state_at_open(struct state_at *state, struct db *db, const char *event_id)
{
    enum err e;

    *state = (struct state_at){.db = db};
    e = db_begin(db, DB_READ);
    if (!e)
        e = db_end(db, read_events(db, event_id, &state->nids));
    return e ? e : keep_last(db, &state->nids);
}

void state_at_free(struct state_at *state)
{
    nids_free(&state->nids);
}

static enum err read_event(struct db *db, int64_t nid,
                           enum err (*each)(const struct state_at_event *event, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_event, DB_ARGS(DB_I(nid)), &stmt);

    if (db_next(stmt, &e)) {
        const struct state_at_event event = {db_text(stmt, 0), db_text(stmt, 1), db_text(stmt, 2),
                                             db_text(stmt, 3)};

        e = each(&event, context);
    }
    db_done(&stmt);
    return e;
}

enum err state_at_next(struct state_at *state,
                       enum err (*each)(const struct state_at_event *event, void *context), void *context)
{
    int64_t end_ms = clock_monotonic_ms() + SLICE_MS;
    enum err e = db_begin(state->db, DB_READ);

    if (e)
        return e;
    while (!e && !state_at_done(state) && clock_monotonic_ms() < end_ms)
        e = read_event(state->db, state->nids.items[state->read++], each, context);
    return db_end(state->db, e);
}

bool state_at_done(const struct state_at *state)
{
    return state->read == state->nids.count;
}
