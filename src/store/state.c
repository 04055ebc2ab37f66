/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "store/events.h"
#include "store/nids.h"
#include "store/state.h"

static const char sql_find_snapshot[] =
    "SELECT state_block_nids FROM roomserver_state_snapshots WHERE state_snapshot_nid = ?1";
static const char sql_find_block[] =
    "SELECT event_nids FROM roomserver_state_block WHERE state_block_nid = ?1";
/* No list is there already: a block has the event that is new, and a snapshot has that block. */
static const char sql_insert_snapshot[] =
    "INSERT INTO roomserver_state_snapshots (state_snapshot_hash, room_nid, state_block_nids)"
    " VALUES (?1, ?2, ?3)";
static const char sql_insert_block[] =
    "INSERT INTO roomserver_state_block (state_block_hash, event_nids) VALUES (?1, ?2)";

/* The entries are in the order of their places, each place once. */
struct block {
    int64_t nid;
    struct state_entry *entries;
    size_t count;
};

struct state {
    struct db *db;
    int64_t room_nid;
    int64_t snapshot_nid;
    struct block blocks[STATE_BLOCKS_MAX + 1]; /* oldest first; room for one before it is merged */
    size_t count;
    struct buf text; /* of the list that is being written */
    struct nids nids;
};

static int compare_places(const void *a, const void *b)
{
    const struct state_entry *x = a, *y = b;

    if (x->type_nid != y->type_nid)
        return x->type_nid < y->type_nid ? -1 : 1;
    return (x->state_key_nid > y->state_key_nid) - (x->state_key_nid < y->state_key_nid);
}

static int compare_nids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static const struct state_entry *find_in(const struct block *block, const struct state_entry *place)
{
    return bsearch(place, block->entries, block->count, sizeof *place, compare_places);
}

/* The list of numbers that a statement of one row and column gives. */
static enum err read_list(struct state *state, const char *sql, int64_t nid)
{
    struct stmt *stmt;
    enum err e = db_first(state->db, sql, DB_ARGS(DB_I(nid)), &stmt);

    state->nids.count = 0;
    if (e == ERR_NOT_FOUND) {
        log_error("database: the state snapshot or block number %lld is referred to, but not there",
                  (long long)nid);
        e = ERR_CORRUPT;
    }
    if (!e)
        e = nids_read(db_text(stmt, 0), &state->nids);
    db_done(&stmt);
    return e;
}

static enum err read_block(struct state *state, int64_t nid)
{
    struct block *block = &state->blocks[state->count];
    enum err e = read_list(state, sql_find_block, nid);

    if (e)
        return e;
    *block = (struct block){.nid = nid, .entries = calloc(state->nids.count + 1, sizeof *block->entries)};
    if (!block->entries)
        return ERR_NOMEM;
    state->count++;
    for (; !e && block->count < state->nids.count; block->count++) {
        struct state_entry *entry = &block->entries[block->count];

        entry->event_nid = state->nids.items[block->count];
        e = events_place(state->db, entry->event_nid, &entry->type_nid, &entry->state_key_nid);
    }
    qsort(block->entries, block->count, sizeof *block->entries, compare_places);
    return e;
}

/* The block, which is taken from those that are known, if it is there. */
static enum err take_block(struct state *state, int64_t nid, struct block *known, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (known[i].nid == nid && known[i].entries) {
            state->blocks[state->count++] = known[i];
            known[i].entries = NULL;
            return ERR_OK;
        }
    return read_block(state, nid);
}

/* The blocks of the snapshot, in the order of their numbers, which is the order they override in. */
static enum err read_snapshot(struct state *state)
{
    struct block known[STATE_BLOCKS_MAX + 1];
    struct nids blocks = {0};
    size_t count = state->count;
    enum err e = read_list(state, sql_find_snapshot, state->snapshot_nid);

    if (!e && state->nids.count > STATE_BLOCKS_MAX) {
        log_error("database: the state snapshot number %lld has %zu blocks", (long long)state->snapshot_nid,
                  state->nids.count);
        e = ERR_CORRUPT;
    }
    for (size_t i = 0; !e && i < state->nids.count; i++)
        e = nids_add(&blocks, state->nids.items[i]);
    if (!e && blocks.count > 0)
        qsort(blocks.items, blocks.count, sizeof *blocks.items, compare_nids);
    memcpy(known, state->blocks, count * sizeof *known);
    state->count = 0;
    for (size_t i = 0; !e && i < blocks.count; i++)
        e = take_block(state, blocks.items[i], known, count);
    for (size_t i = 0; i < count; i++)
        free(known[i].entries);
    nids_free(&blocks);
    return e;
}

/* Any 32 bytes do that no other list has. Dendrite's are hashes. */
#define LIST_KEY_SIZE 32

/*
 * What tells a list from others: its last number, the greatest, which is of an event or a block that was not
 * there before; and of the empty ones each room has its own. With that number first, a new list goes to the
 * end of the index, where a hash would go anywhere.
 */
static void make_key(const struct state *state, unsigned char key[LIST_KEY_SIZE])
{
    const struct nids *nids = &state->nids;
    const uint64_t parts[] = {
        nids->count > 0 ? (uint64_t)nids->items[nids->count - 1] : 0,
        nids->count > 0 ? (uint64_t)nids->items[0] : 0,
        nids->count,
        (uint64_t)state->room_nid,
    };
    const size_t size = sizeof *parts;

    _Static_assert(sizeof parts == LIST_KEY_SIZE, "the parts fill the key");
    for (size_t i = 0; i < LIST_KEY_SIZE; i++)
        key[i] = (unsigned char)(parts[i / size] >> (8 * (size - 1 - i % size)));
}

/* Sets the text of the list in state->nids, and its key. */
static enum err encode_list(struct state *state, unsigned char key[LIST_KEY_SIZE])
{
    buf_clear(&state->text);
    nids_write(state->nids.items, state->nids.count, &state->text);
    make_key(state, key);
    return state->text.err;
}

static enum err write_block(struct state *state, struct block *block)
{
    unsigned char key[LIST_KEY_SIZE];
    enum err e = ERR_OK;

    state->nids.count = 0;
    for (size_t i = 0; !e && i < block->count; i++)
        e = nids_add(&state->nids, block->entries[i].event_nid);
    if (e)
        return e;
    qsort(state->nids.items, state->nids.count, sizeof *state->nids.items, compare_nids);
    e = encode_list(state, key);
    return e ? e
             : db_insert(state->db, sql_insert_block,
                         DB_ARGS(DB_B(key, sizeof key), DB_BYTES(state->text.data)), &block->nid);
}

static enum err write_snapshot(struct state *state)
{
    unsigned char key[LIST_KEY_SIZE];
    enum err e = ERR_OK;

    state->nids.count = 0;
    for (size_t i = 0; !e && i < state->count; i++)
        e = nids_add(&state->nids, state->blocks[i].nid);
    if (!e)
        e = encode_list(state, key);
    return e ? e
             : db_insert(state->db, sql_insert_snapshot,
                         DB_ARGS(DB_B(key, sizeof key), DB_I(state->room_nid), DB_T(state->text.data)),
                         &state->snapshot_nid);
}

enum err state_open(struct state **out, struct db *db, int64_t room_nid, int64_t snapshot_nid)
{
    struct state *state = *out = calloc(1, sizeof *state);
    enum err e;

    if (!state)
        return ERR_NOMEM;
    *state = (struct state){.db = db, .room_nid = room_nid, .snapshot_nid = snapshot_nid};
    e = snapshot_nid ? read_snapshot(state) : write_snapshot(state);
    if (e)
        state_free(out);
    return e;
}

enum err state_move(struct state *state, int64_t snapshot_nid)
{
    if (state->snapshot_nid == snapshot_nid)
        return ERR_OK;
    state->snapshot_nid = snapshot_nid;
    return read_snapshot(state);
}

void state_free(struct state **state)
{
    struct state *freed = *state;

    *state = NULL;
    if (!freed)
        return;
    for (size_t i = 0; i < freed->count; i++)
        free(freed->blocks[i].entries);
    nids_free(&freed->nids);
    buf_free(&freed->text);
    free(freed);
}

int64_t state_snapshot(const struct state *state)
{
    return state->snapshot_nid;
}

int64_t state_get(const struct state *state, int64_t type_nid, int64_t state_key_nid)
{
    const struct state_entry place = {.type_nid = type_nid, .state_key_nid = state_key_nid};

    for (size_t i = state->count; i > 0; i--) {
        const struct state_entry *entry = find_in(&state->blocks[i - 1], &place);

        if (entry)
            return entry->event_nid;
    }
    return 0;
}

/* Merges the last two blocks into one, without a number yet; of two entries for a place the younger stays. */
static enum err merge_last(struct state *state)
{
    struct block *old = &state->blocks[state->count - 2], *young = &state->blocks[state->count - 1];
    struct block merged = {.entries = calloc(old->count + young->count, sizeof *merged.entries)};
    size_t i = 0, j = 0;

    if (!merged.entries)
        return ERR_NOMEM;
    while (i < old->count || j < young->count) {
        int order = i == old->count     ? 1
                    : j == young->count ? -1
                                        : compare_places(&old->entries[i], &young->entries[j]);

        merged.entries[merged.count++] = order < 0 ? old->entries[i] : young->entries[j];
        i += order <= 0;
        j += order >= 0;
    }
    free(old->entries);
    free(young->entries);
    *old = merged;
    state->count--;
    return ERR_OK;
}

/* Whether the youngest block is to be merged into the one before it. */
static bool is_carry(const struct state *state)
{
    return state->count > 1 && (state->count > STATE_BLOCKS_MAX || state->blocks[state->count - 2].count <=
                                                                       state->blocks[state->count - 1].count);
}

enum err state_put(struct state *state, const struct state_entry *entry)
{
    struct block *block = &state->blocks[state->count];
    enum err e = ERR_OK;

    *block = (struct block){.entries = malloc(sizeof *entry), .count = 1};
    if (!block->entries)
        return ERR_NOMEM;
    block->entries[0] = *entry;
    state->count++;
    while (!e && is_carry(state))
        e = merge_last(state);
    if (!e)
        e = write_block(state, &state->blocks[state->count - 1]);
    return e ? e : write_snapshot(state);
}
