/* SPDX-License-Identifier: ISC */
/*
 * The servers that a Dendrite sends events to, as its tables federationsender_* tell of them; a homeserver
 * that is mxadmin alone has none of either, and these functions are not for it.
 *
 * Which server is in which room is kept in our own file, mxadmin_destination_rooms: Dendrite has a row for
 * each member, and no index by server. It is brought up to date by destinations_refresh().
 *
 * How long Dendrite waits before it tries again, it knows in its memory alone. Its tables tell of a server
 * that was given up until it is heard of again (federationsender_blacklist), and of one that could not be
 * reached (federationsender_assumed_offline), which may be out of date after a restart: so that counts only
 * for as long as something waits to be sent. Since when it is so, is the time of the oldest event that waits,
 * or else when we saw it first.
 */
#ifndef STORE_DESTINATIONS_H
#define STORE_DESTINATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

struct destination {
    const char *name;
    int64_t failure_ts;     /* ms; 0: it can be reached */
    int64_t retry_interval; /* ms, of the last attempt; 0: not known, or it can be reached */
    int64_t sent;           /* number of the last event that was sent to it, or to be; negative: not known */
    bool reset_waits;       /* a reset waits for Dendrite to be down */
};

enum destination_order {
    DESTINATION_ORDER_NAME,
    DESTINATION_ORDER_RETRY_LAST, /* the same as the time of the failure */
    DESTINATION_ORDER_RETRY_INTERVAL,
    DESTINATION_ORDER_FAILURE,
    DESTINATION_ORDER_SENT,
    DESTINATION_ORDER__MAX
};

struct destination_page {
    const char *search;           /* part of the name, in any case; NULL: all */
    enum destination_order order; /* what is equal in it follows by name, forwards */
    bool backwards;
    int64_t from, limit;
};

/* Some destinations, in the arena that was given. */
struct destination_rows {
    struct destination *items;
    size_t count;
};

/* A page of those of others than `server_name`, ours, and how many there are in all. In the transaction that
 * is open, or none; as all that read here. */
MUST_CHECK enum err destinations_page(struct db *db, const char *server_name,
                                      const struct destination_page *page, struct arena *arena,
                                      struct destination_rows *rows, int64_t *total);

/* One of them; ERR_NOT_FOUND. */
MUST_CHECK enum err destinations_find(struct db *db, const char *server_name, const char *name,
                                      struct arena *arena, struct destination *destination);

/* A room that a server is in, and the number of the last event that was sent there. */
struct destination_room {
    const char *room_id;
    int64_t sent;
};
struct destination_room_rows {
    struct destination_room *items;
    size_t count;
};

/* A page of the rooms of one, by id, and how many there are. */
MUST_CHECK enum err destinations_rooms(struct db *db, const char *name, bool backwards, int64_t from,
                                       int64_t limit, struct arena *arena, struct destination_room_rows *rows,
                                       int64_t *total);

/* Has Dendrite try again: in its own file, while it is down. In the transaction that is open. */
MUST_CHECK enum err destinations_reset(struct db *file, const char *name);

/* Brings what is kept up to date, unless that was done so lately that more than a twentieth of the time goes
 * into it; with `never_done`, if it never was. No transaction is open. */
MUST_CHECK enum err destinations_refresh(struct db *db, const char *server_name, bool never_done);

#endif
