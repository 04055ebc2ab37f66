/* SPDX-License-Identifier: ISC */
/* All state snapshots: the blocks that they list. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"
#include "command/fsck_check.h"
#include "command/fsck_state.h"

/* With more of them Dendrite folds all into one. */
#define BLOCKS_MAX 64

#define CHECK "state-snapshot"

/* A state block and the room of its events; 0 for one without events. */
struct block {
    int64_t nid, room_nid;
};

/* All blocks by number, 16 bytes each: so a snapshot's list is checked without a query for each block. */
struct blocks {
    struct fsck *fsck;
    struct block *items;
    size_t count, size;
    struct nids list; /* of the snapshot in hand */
    int64_t done;
};

static enum err add_block(void *context, int64_t nid, int64_t room_nid)
{
    struct blocks *blocks = context;
    struct block *items = array_room(blocks->items, blocks->count, &blocks->size, sizeof *items);

    if (!items)
        return ERR_NOMEM;
    blocks->items = items;
    blocks->items[blocks->count++] = (struct block){nid, room_nid};
    return ERR_OK;
}

static int compare_nid(const void *key, const void *block)
{
    const int64_t *nid = key;
    const struct block *candidate = block;

    return (*nid > candidate->nid) - (*nid < candidate->nid);
}

static const struct block *find_block(const struct blocks *blocks, int64_t nid)
{
    if (blocks->count == 0)
        return NULL;
    return bsearch(&nid, blocks->items, blocks->count, sizeof *blocks->items, compare_nid);
}

static void check_block(struct blocks *blocks, int64_t snapshot_nid, const struct checked_room *room,
                        int64_t room_nid, int64_t block_nid)
{
    const struct block *block = find_block(blocks, block_nid);
    const char *room_id = room ? room->row.id : NULL;

    if (!block)
        fsck_report(&blocks->fsck->report, FSCK_ERROR, CHECK, room_id, NULL,
                    "snapshot %" PRId64 " lists state block %" PRId64 ", which does not exist", snapshot_nid,
                    block_nid);
    else if (block->room_nid && block->room_nid != room_nid)
        fsck_report(&blocks->fsck->report, FSCK_ERROR, CHECK, room_id, NULL,
                    "snapshot %" PRId64 " lists state block %" PRId64 ", whose events are of another room",
                    snapshot_nid, block_nid);
}

static enum err check_snapshot(void *context, int64_t nid, int64_t room_nid, const char *block_nids)
{
    struct blocks *blocks = context;
    struct fsck_report *report = &blocks->fsck->report;
    const struct checked_room *room = fsck_room_of(blocks->fsck, room_nid);
    const char *room_id = room ? room->row.id : NULL;
    enum err e = fsck_read_nids(&blocks->list, block_nids);

    fsck_report_progress(report, "state snapshots", ++blocks->done, 0);
    if (e == ERR_INVALID)
        fsck_report(report, FSCK_ERROR, CHECK, room_id, NULL,
                    "the blocks of snapshot %" PRId64 " cannot be read", nid);
    if (e)
        return e == ERR_INVALID ? report->err : e;
    /* The one without blocks belongs to whichever room was the first; all rooms begin with it. */
    if (!room && blocks->list.count > 0)
        fsck_report(report, FSCK_ERROR, CHECK, NULL, NULL,
                    "snapshot %" PRId64 " is of room number %" PRId64 ", which does not exist", nid,
                    room_nid);
    if (blocks->list.count > BLOCKS_MAX)
        fsck_report(report, FSCK_ERROR, CHECK, room_id, NULL,
                    "snapshot %" PRId64 " has %zu blocks, %d are the most", nid, blocks->list.count,
                    BLOCKS_MAX);
    for (size_t i = 0; i < blocks->list.count; i++)
        check_block(blocks, nid, room, room_nid, blocks->list.items[i]);
    return report->err;
}

enum err fsck_check_snapshots(struct fsck *fsck)
{
    struct blocks blocks = {.fsck = fsck};
    enum err e = fsck_each_block(fsck->db, add_block, &blocks);

    if (!e)
        e = fsck_each_snapshot(fsck->db, check_snapshot, &blocks);
    free(blocks.items);
    nids_free(&blocks.list);
    return e;
}
