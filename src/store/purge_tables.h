/* SPDX-License-Identifier: ISC */
/* Where the rows of a room are, and how to come to them; for purge.c only. */
#ifndef STORE_PURGE_TABLES_H
#define STORE_PURGE_TABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "store/db.h"

#define PURGE_SLICE      "1000" /* rows */
#define PURGE_SLICE_ROWS 1000

/* The rows of the room in one table, or, of a walk, those within a slice of it. */
struct purge_table {
    const char *name;
    const char *remove;
    const char *count;
};

#define PURGE_TABLES_MAX 4

/*
 * Tables that are gone through together. Where an index leads from the room to its rows there is no walk:
 * `remove` has ?1, the room, and removes PURGE_SLICE rows at most, and is run until it removes fewer; `count`
 * has the same ?1.
 *
 * Elsewhere `walk` goes along a key of a whole table, and has ?1, where it has come, and ?2, the room. It
 * gives where the next slice ends, NULL at the end of the table, and whether the room has rows in that. The
 * statements of the tables have ?1 and ?2, the ends of the slice, and ?3, the room.
 */
struct purge_part {
    const char *walk;
    enum db_type key;  /* of the walk: DB_INTEGER or DB_TEXT */
    bool by_nid;       /* "the room" is its number, not its id */
    bool left;         /* Dendrite's own purge leaves these rows */
    bool kept;         /* it removes these, and ours keeps them: there is no `remove` */
    const char *needs; /* a table that only Dendrite makes; without it there is nothing to do. NULL: none */
    /* Of the snapshots in a slice, with the same parameters: the lists of their blocks; NULL elsewhere. */
    const char *block_lists;
    struct purge_table tables[PURGE_TABLES_MAX]; /* up to one without a name */
};

/* In the order in which they are removed. */
extern const struct purge_part purge_parts[];
extern const size_t purge_parts_count;

#endif
