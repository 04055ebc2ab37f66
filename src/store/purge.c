/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "store/nids.h"
#include "store/purge.h"
#include "store/purge_tables.h"

/* Whether there is a table of this name, in whichever file. */
static const char sql_has_table[] = "SELECT COUNT(*) FROM pragma_table_info(?1)";

/* A block without events could be of several rooms. */
#define BLOCK " FROM roomserver_state_block WHERE state_block_nid = ?1 AND LENGTH(event_nids) > 2"
static const struct purge_table block_table = {"roomserver_state_block", "DELETE" BLOCK,
                                               "SELECT COUNT(*)" BLOCK};

#define COUNTS_MAX 40

struct purge {
    struct db *db;
    enum purge_mode mode;
    int64_t room_nid;
    const char *room_id;
    size_t part;        /* of purge_parts */
    bool begun;         /* that part is */
    int64_t number;     /* where its walk has come */
    struct buf text;    /* the same, where the key is a text */
    struct nids blocks; /* that the snapshots list */
    struct nids list;   /* that of the last snapshot */
    struct purge_count counts[COUNTS_MAX];
    size_t count;
};

enum err purge_open(struct purge **out, struct db *db, enum purge_mode mode, int64_t room_nid,
                    const char *room_id)
{
    struct purge *purge = *out = calloc(1, sizeof *purge);

    if (!purge)
        return ERR_NOMEM;
    *purge = (struct purge){.db = db, .mode = mode, .room_nid = room_nid, .room_id = room_id};
    return ERR_OK;
}

void purge_free(struct purge **purge)
{
    struct purge *freed = *purge;

    *purge = NULL;
    if (!freed)
        return;
    buf_free(&freed->text);
    nids_free(&freed->blocks);
    nids_free(&freed->list);
    free(freed);
}

const struct purge_count *purge_counts(const struct purge *purge, size_t *count)
{
    *count = purge->count;
    return purge->counts;
}

static enum err add_count(struct purge *purge, const char *table, int64_t rows)
{
    size_t i = 0;

    while (i < purge->count && strcmp(purge->counts[i].table, table) != 0)
        i++;
    if (i == COUNTS_MAX)
        return ERR_TOO_LARGE; /* more tables than this program has */
    if (i == purge->count)
        purge->counts[purge->count++] = (struct purge_count){.table = table};
    purge->counts[i].rows += rows;
    return ERR_OK;
}

/* Removes or counts the rows of one table that the arguments name. */
static enum err take(struct purge *purge, const struct purge_table *table, const struct db_value *args,
                     size_t args_count, int64_t *rows)
{
    enum err e = purge->mode == PURGE_REMOVE ? db_run(purge->db, table->remove, args, args_count, rows)
                                             : db_integer(purge->db, table->count, args, args_count, rows);

    return e ? e : add_count(purge, table->name, *rows);
}

static enum err take_all(struct purge *purge, const struct purge_part *part, const struct db_value *args,
                         size_t args_count, int64_t *most)
{
    enum err e = ERR_OK;

    *most = 0;
    for (size_t i = 0; !e && i < PURGE_TABLES_MAX && part->tables[i].name; i++) {
        int64_t rows = 0;

        e = take(purge, &part->tables[i], args, args_count, &rows);
        *most = rows > *most ? rows : *most;
    }
    return e;
}

static bool has(const struct nids *nids, int64_t nid)
{
    for (size_t i = 0; i < nids->count; i++)
        if (nids->items[i] == nid)
            return true;
    return false;
}

/* Adds the blocks of one snapshot but for those that the one before has, too, which are most. */
static enum err add_list(struct purge *purge, const char *text)
{
    struct nids list = {0};
    enum err e = nids_read(text, &list);

    for (size_t i = 0; !e && i < list.count; i++)
        if (!has(&purge->list, list.items[i]))
            e = nids_add(&purge->blocks, list.items[i]);
    nids_free(&purge->list);
    purge->list = list;
    return e;
}

static enum err add_lists(struct purge *purge, const char *sql, const struct db_value *args,
                          size_t args_count)
{
    struct stmt *stmt;
    enum err e = db_query(purge->db, sql, args, args_count, &stmt);

    while (db_next(stmt, &e))
        e = add_list(purge, db_text(stmt, 0));
    db_done(&stmt);
    return e;
}

static int compare_nids(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Removes or counts the blocks that were listed, each once. */
static enum err take_blocks(struct purge *purge)
{
    struct nids *blocks = &purge->blocks;
    enum err e = ERR_OK;

    if (blocks->count > 0)
        qsort(blocks->items, blocks->count, sizeof *blocks->items, compare_nids);
    for (size_t i = 0; !e && i < blocks->count; i++) {
        int64_t rows = 0;

        if (i == 0 || blocks->items[i] != blocks->items[i - 1])
            e = take(purge, &block_table, DB_ARGS(DB_I(blocks->items[i])), &rows);
    }
    blocks->count = 0;
    return e;
}

static struct db_value room_of(const struct purge *purge, const struct purge_part *part)
{
    return part->by_nid ? DB_I(purge->room_nid) : DB_T(purge->room_id);
}

static struct db_value place_of(const struct purge *purge, const struct purge_part *part)
{
    if (part->key == DB_INTEGER)
        return DB_I(purge->number);
    return DB_T(purge->text.data ? purge->text.data : "");
}

/* Finds the end of the next slice, copied to `end` where it is a text, and whether the room has rows in it.
 */
static enum err find_slice(struct purge *purge, const struct purge_part *part, struct db_value *end,
                           struct buf *text, bool *any, bool *last)
{
    struct stmt *stmt;
    bool row = false;
    enum err e = db_query(purge->db, part->walk, DB_ARGS(place_of(purge, part), room_of(purge, part)), &stmt);

    if (!e)
        e = db_step(stmt, &row);
    *last = e || !row || db_is_null(stmt, 0);
    *any = !*last && db_int(stmt, 1) > 0;
    if (!*last && part->key == DB_INTEGER) {
        *end = DB_I(db_int(stmt, 0));
    } else if (!*last) {
        buf_puts(text, db_text(stmt, 0));
        e = text->err;
        *end = DB_T(text->data);
    }
    db_done(&stmt);
    return e;
}

static enum err take_slice(struct purge *purge, const struct purge_part *part, const struct db_value *end)
{
    const struct db_value args[] = {place_of(purge, part), *end, room_of(purge, part)};
    const size_t args_count = sizeof args / sizeof *args;
    int64_t most;
    enum err e = ERR_OK;

    if (part->block_lists)
        e = add_lists(purge, part->block_lists, args, args_count);
    /* A block is in many snapshots, also of other slices: counted it is when all are known. */
    if (!e && purge->mode == PURGE_REMOVE)
        e = take_blocks(purge);
    return e ? e : take_all(purge, part, args, args_count, &most);
}

static enum err walk_on(struct purge *purge, const struct purge_part *part, bool *done)
{
    struct buf text = {0};
    struct db_value end;
    bool any;
    enum err e = find_slice(purge, part, &end, &text, &any, done);

    if (!e && any)
        e = take_slice(purge, part, &end);
    if (!e && *done)
        e = take_blocks(purge);
    if (!e && !*done && part->key == DB_INTEGER) {
        purge->number = end.integer;
    } else if (!e && !*done) {
        buf_free(&purge->text);
        purge->text = text;
        text = (struct buf){0};
    }
    buf_free(&text);
    return e;
}

/* Whether this part has tables at all, and is meant. */
static enum err is_there(struct purge *purge, const struct purge_part *part, bool *there)
{
    int64_t columns = 1;
    enum err e =
        part->needs ? db_integer(purge->db, sql_has_table, DB_ARGS(DB_T(part->needs)), &columns) : ERR_OK;

    *there = columns > 0 && !(purge->mode == PURGE_COUNT_DENDRITES ? part->left : part->kept);
    return e;
}

static enum err begin_part(struct purge *purge, const struct purge_part *part, bool *there)
{
    enum err e = is_there(purge, part, there);

    purge->begun = true;
    purge->number = 0;
    buf_free(&purge->text);
    for (size_t i = 0; !e && *there && i < PURGE_TABLES_MAX && part->tables[i].name; i++)
        e = add_count(purge, part->tables[i].name, 0);
    return e;
}

enum err purge_step(struct purge *purge, bool *done)
{
    const struct purge_part *part = &purge_parts[purge->part];
    bool there = true, over = false;
    enum err e = purge->begun ? ERR_OK : begin_part(purge, part, &there);

    if (!e && there && part->walk) {
        e = walk_on(purge, part, &over);
    } else if (!e && there) {
        const struct db_value room = room_of(purge, part);
        int64_t most = 0;

        e = take_all(purge, part, &room, 1, &most);
        over = purge->mode != PURGE_REMOVE || most < PURGE_SLICE_ROWS;
    }
    if (!e && (over || !there)) {
        purge->part++;
        purge->begun = false;
    }
    *done = purge->part == purge_parts_count;
    return e;
}
