/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/buf.h"
#include "command/fsck_state.h"

enum err fsck_read_nids(struct nids *nids, const char *text)
{
    enum err e = ERR_OK;

    nids->count = 0;
    if (!text || *text != '[')
        return ERR_INVALID;
    if (text[1] == ']')
        return text[2] ? ERR_INVALID : ERR_OK;
    for (char *end = NULL; !e && *text != ']'; text = end) {
        int64_t nid;

        errno = 0;
        nid = strtoll(text + 1, &end, 10);
        if (errno || end == text + 1 || (*end != ',' && *end != ']'))
            return ERR_INVALID;
        e = nids_add(nids, nid);
    }
    return e || !text[1] ? e : ERR_INVALID;
}

/* What fills a state: the entries of one block after the other. */
struct filling {
    struct room_state *state;
    size_t place;
};

static enum err add_entry(void *context, const struct fsck_entry *entry)
{
    const struct filling *filling = context;
    struct room_state *state = filling->state;
    struct state_entry *entries = array_room(state->entries, state->count, &state->size, sizeof *entries);

    if (!entries)
        return ERR_NOMEM;
    state->entries = entries;
    state->entries[state->count++] = (struct state_entry){*entry, filling->place, false};
    return ERR_OK;
}

static int compare_keys(const struct fsck_entry *a, const struct fsck_entry *b)
{
    if (a->type_nid != b->type_nid)
        return a->type_nid < b->type_nid ? -1 : 1;
    if (a->state_key_nid != b->state_key_nid)
        return a->state_key_nid < b->state_key_nid ? -1 : 1;
    return 0;
}

/* Of one key, the one that holds comes first. */
static int compare_entries(const void *a, const void *b)
{
    const struct state_entry *one = a, *other = b;
    int order = compare_keys(&one->entry, &other->entry);

    return order ? order : (one->place < other->place) - (one->place > other->place);
}

/* Orders a state, and drops what is overridden. */
static void settle(struct room_state *state)
{
    size_t kept = 0;

    if (state->count > 0)
        qsort(state->entries, state->count, sizeof *state->entries, compare_entries);
    for (size_t i = 0; i < state->count; i++)
        if (kept == 0 || compare_keys(&state->entries[kept - 1].entry, &state->entries[i].entry) != 0)
            state->entries[kept++] = state->entries[i];
    state->count = kept;
}

enum err room_state_load(struct db *db, const struct nids *blocks, size_t first,
                         const struct fsck_entry *last, struct room_state *state)
{
    struct filling filling = {.state = state, .place = first};
    enum err e = ERR_OK;

    state->count = 0;
    for (; filling.place < blocks->count && !e; filling.place++)
        e = fsck_each_entry(db, blocks->items[filling.place], add_entry, &filling);
    if (!e && last)
        e = add_entry(&filling, last);
    if (!e)
        settle(state);
    return e;
}

static int compare_key_with(const void *key, const void *entry)
{
    const struct state_entry *candidate = entry;

    return compare_keys(key, &candidate->entry);
}

struct state_entry *room_state_find(const struct room_state *state, int64_t type_nid, int64_t state_key_nid)
{
    const struct fsck_entry key = {.type_nid = type_nid, .state_key_nid = state_key_nid};

    if (state->count == 0)
        return NULL;
    return bsearch(&key, state->entries, state->count, sizeof *state->entries, compare_key_with);
}

/* Two states side by side, and the block lists they are made of. */
struct comparison {
    struct buf text;
    struct nids expected_blocks, found_blocks;
    struct room_state expected, found;
};

static void find_difference(const struct comparison *comparison, struct state_difference *difference)
{
    const struct room_state *expected = &comparison->expected, *found = &comparison->found;

    *difference = (struct state_difference){0};
    for (size_t i = 0; i < expected->count || i < found->count; i++) {
        const struct fsck_entry *a = i < expected->count ? &expected->entries[i].entry : NULL;
        const struct fsck_entry *b = i < found->count ? &found->entries[i].entry : NULL;
        int order = !a ? 1 : !b ? -1 : compare_keys(a, b);

        if (order == 0 && a->event_nid == b->event_nid)
            continue;
        difference->differ = true;
        difference->expected_nid = order <= 0 ? a->event_nid : 0;
        difference->found_nid = order >= 0 ? b->event_nid : 0;
        return;
    }
}

/* Compares what the blocks from `first` on make. */
static enum err compare_from(struct db *db, struct comparison *comparison, const struct fsck_entry *event,
                             size_t first, struct state_difference *difference)
{
    enum err e = room_state_load(db, &comparison->expected_blocks, first, event, &comparison->expected);

    if (!e)
        e = room_state_load(db, &comparison->found_blocks, first, NULL, &comparison->found);
    if (!e)
        find_difference(comparison, difference);
    return e;
}

static enum err read_blocks(struct db *db, int64_t snapshot_nid, struct buf *text, struct nids *blocks)
{
    enum err e = fsck_blocks_of(db, snapshot_nid, text);

    return e ? e : fsck_read_nids(blocks, text->data);
}

/*
 * Where the two lists begin with the same blocks and the rest of them makes the same state, so do the whole
 * lists. That is how nearly every event extends the state, so that the cost does not grow with the room.
 */
static enum err compare_lists(struct db *db, struct comparison *comparison, const struct fsck_entry *event,
                              struct state_difference *difference)
{
    const struct nids *expected = &comparison->expected_blocks, *found = &comparison->found_blocks;
    size_t same = 0;
    enum err e;

    while (same < expected->count && same < found->count && expected->items[same] == found->items[same])
        same++;
    e = compare_from(db, comparison, event, same, difference);
    if (!e && difference->differ && same > 0)
        e = compare_from(db, comparison, event, 0, difference);
    return e;
}

enum err room_state_compare(struct db *db, int64_t before, const struct fsck_entry *event, int64_t found,
                            struct state_difference *difference)
{
    struct comparison comparison = {0};
    enum err e = ERR_OK;

    *difference = (struct state_difference){0};
    if (before == found && !event)
        return ERR_OK;
    e = read_blocks(db, before, &comparison.text, &comparison.expected_blocks);
    if (!e)
        e = read_blocks(db, found, &comparison.text, &comparison.found_blocks);
    if (!e)
        e = compare_lists(db, &comparison, event, difference);
    buf_free(&comparison.text);
    nids_free(&comparison.expected_blocks);
    nids_free(&comparison.found_blocks);
    free(comparison.expected.entries);
    free(comparison.found.entries);
    return e == ERR_NOT_FOUND || e == ERR_INVALID ? ERR_OK : e;
}
