/* SPDX-License-Identifier: ISC */
/*
 * Lists of all rooms: those that have events, not those that are only known by an invitation. What a list
 * says of a room is in the room's state, and has to be counted: mxadmin_rooms keeps it, with an index for
 * each order, so that a page anywhere in a long list costs no more than a walk along one of them.
 *
 * Who changes a room of our own database calls room_list_follow() in the same transaction, or for what is no
 * event one of the two below it. What Dendrite changes is found by comparing, room_list_compare().
 */
#ifndef STORE_ROOM_LIST_H
#define STORE_ROOM_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* What a list says of a room. A text that the room does not have is NULL. */
struct listed_room {
    const char *id;
    const char *name;
    const char *canonical_alias;
    const char *version;
    const char *creator;
    const char *encryption; /* the algorithm */
    const char *join_rules;
    const char *guest_access;
    const char *history_visibility;
    const char *room_type;
    bool federatable;
    bool is_public; /* shown in the room directory */
    int64_t joined_members;
    int64_t joined_local_members;
    int64_t state_events;
    int64_t estimated_size; /* bytes, see store/room_sizes.h; -1: not known yet */
};

enum room_order {
    ROOM_ORDER_NAME,
    ROOM_ORDER_CANONICAL_ALIAS,
    ROOM_ORDER_JOINED_MEMBERS,
    ROOM_ORDER_JOINED_LOCAL_MEMBERS,
    ROOM_ORDER_VERSION,
    ROOM_ORDER_CREATOR,
    ROOM_ORDER_ENCRYPTION,
    ROOM_ORDER_FEDERATABLE,
    ROOM_ORDER_PUBLIC,
    ROOM_ORDER_JOIN_RULES,
    ROOM_ORDER_GUEST_ACCESS,
    ROOM_ORDER_HISTORY_VISIBILITY,
    ROOM_ORDER_STATE_EVENTS,
    ROOM_ORDER__MAX
};

/* Which rooms a flag lets through. */
enum room_flag { ROOM_FLAG_ANY, ROOM_FLAG_CLEAR, ROOM_FLAG_SET };

struct room_filter {
    const char
        *search; /* a part of the name or of the alias's localpart, in any case, or the whole id; NULL */
    enum room_flag is_public, empty; /* empty: nobody is joined */
};

struct room_page {
    enum room_order order;
    bool descending; /* rooms that are equal in the order follow by their ids, in the same direction */
    int64_t from, limit;
};

/*
 * The rooms of a page, `*count` of them, in `arena`, and how many rooms the filter lets through in all. In
 * the transaction that is open, or none. Only our own file is read.
 */
MUST_CHECK enum err room_list_page(struct db *db, const struct room_filter *filter,
                                   const struct room_page *page, struct arena *arena,
                                   struct listed_room **rooms, size_t *count, int64_t *total);

/* What the events of one transaction change in the list. */
struct room_change {
    int64_t joined;       /* members who came, less those who went */
    int64_t joined_local; /* of these, users of this server */
    int64_t state_events;
    bool state; /* another part of the state than a membership is other than it was */
};

/* The room has changed, and its last event has this position: in the transaction that has done it. */
MUST_CHECK enum err room_list_follow(struct db *db, const char *room_id, int64_t position,
                                     const struct room_change *change);

/* The room has come or gone, or has changed in a way that nobody knows; it is shown in the directory, or is
 * not. Likewise. */
MUST_CHECK enum err room_list_touch(struct db *db, const char *room_id);
MUST_CHECK enum err room_list_set_public(struct db *db, const char *room_id, bool is_public);

/*
 * Compares all rooms with what is kept, unless that was done so lately that less than a twentieth of the time
 * goes into it (`always`: even then): those that have changed are to be read again. In transactions of less
 * than DB_SLICE_MS, no transaction being open, like the next.
 */
MUST_CHECK enum err room_list_compare(struct db *db, bool always);

/*
 * Once a day, what is taken for right is not: all rooms beside a Dendrite are to be read again, for what no
 * comparison would find, and those of our own database are compared, as others may have had it meanwhile.
 */
MUST_CHECK enum err room_list_doubt(struct db *db);

/* Reads those again that are to be, for about `ms`, or until all are, `*over`. */
MUST_CHECK enum err room_list_read(struct db *db, int64_t ms, bool *over);

#endif
