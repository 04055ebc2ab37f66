/* SPDX-License-Identifier: ISC */
/* What the checks of `mxadmin fsck` share; nobody else includes it. */
#ifndef COMMAND_FSCK_CHECK_H
#define COMMAND_FSCK_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "base/arena.h"
#include "command/fsck_report.h"
#include "crypto/ed25519.h"
#include "matrix/room_version.h"
#include "store/fsck.h"

/* A room, kept while its events are looked at. The texts are in the arena. */
struct checked_room {
    struct fsck_room row;
    const struct room_version *version; /* NULL: not known to this program */
};

struct fsck {
    struct db *db;
    struct arena *arena;
    struct fsck_report report;
    const char *server_name;
    const struct signing_key *key; /* NULL: it cannot be read, and signatures are not checked */
    unsigned char public[ED25519_PUBLIC_SIZE];

    struct checked_room *rooms; /* by number */
    size_t rooms_count, rooms_size;
    int64_t events_count;
    int64_t other_keys; /* events that only a former key of this server has signed */
};

/* The room of a number; NULL when there is none. */
const struct checked_room *fsck_room_of(const struct fsck *fsck, int64_t nid);

/* Whether a column, which may be NULL, holds this text, which may be NULL too. */
bool fsck_is_text(const char *column, const char *text);

/*
 * Whether a row of the sync tables shows this event: `headered` is its JSON there, `json` the room server's.
 * Dendrite adds to `unsigned` on the way, and redacts the one a little later than the other, or not at all.
 */
MUST_CHECK enum err fsck_same_event(const struct room_version *version, const char *id, const char *headered,
                                    const char *json, bool *same);

/* The checks, by what they go through. Errors: what keeps them from going on. */
MUST_CHECK enum err fsck_check_events(struct fsck *fsck);
MUST_CHECK enum err fsck_check_snapshots(struct fsck *fsck);
MUST_CHECK enum err fsck_check_rooms(struct fsck *fsck);

#endif
