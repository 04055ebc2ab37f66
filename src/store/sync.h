/* SPDX-License-Identifier: ISC */
/* The syncapi_* tables: what clients are told. Positions in a stream grow by one with each row. */
#ifndef STORE_SYNC_H
#define STORE_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

enum sync_stream { SYNC_EVENTS, SYNC_INVITES, SYNC_ACCOUNT_DATA, SYNC_STREAM__MAX };

/* The next position of a stream, which is taken by this. */
MUST_CHECK enum err sync_next(struct db *db, enum sync_stream stream, int64_t *position);

/* The last position that was taken; sets it, for who has taken many. */
MUST_CHECK enum err sync_last(struct db *db, enum sync_stream stream, int64_t *position);
MUST_CHECK enum err sync_set_last(struct db *db, enum sync_stream stream, int64_t position);

/* Dendrite's numbers. */
enum history_visibility {
    HISTORY_WORLD_READABLE = 1,
    HISTORY_SHARED = 2,
    HISTORY_INVITED = 3,
    HISTORY_JOINED = 4
};

struct sync_event {
    int64_t position; /* of SYNC_EVENTS */
    int64_t depth;
    const char *id;
    const char *room_id;
    const char *type;
    const char *sender;
    const char *json; /* the headered event */
    bool contains_url;
    enum history_visibility visibility;
    const char *transaction_id; /* of the client who sent it; NULL: none */
    int64_t session_id;
    /* Of a state event; NULL for others. */
    const char *state_key;
    const char *replaces;   /* a JSON array with the id of the event whose place it takes; NULL: none */
    const char *membership; /* of m.room.member; NULL for others */
};

/* The tables that an event is in; the last two only know state events, and memberships. */
enum sync_table { SYNC_HISTORY, SYNC_TOPOLOGY, SYNC_STATE, SYNC_MEMBERSHIPS, SYNC_TABLE__MAX };

/*
 * Adds an event to one of them, if it belongs there: who adds many takes one table after the other, because
 * the pages of all of them are more than a processor has at hand.
 */
MUST_CHECK enum err sync_insert_event(struct db *db, enum sync_table table, const struct sync_event *event);

/* The headered event at a place of a room's current state, in `arena`. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err sync_find_state(struct db *db, const char *room_id, const char *type,
                                    const char *state_key, struct arena *arena, const char **json);

/* The event that a user has sent to a room in a transaction, in `arena`. ERR_NOT_FOUND: none was. */
MUST_CHECK enum err sync_find_transaction(struct db *db, const char *room_id, const char *sender,
                                          const char *transaction_id, struct arena *arena,
                                          const char **event_id);

/* Shows an invitation to a local user. `json` is the headered event. */
MUST_CHECK enum err sync_insert_invite(struct db *db, const char *event_id, const char *room_id,
                                       const char *user_id, const char *json);

/* Takes it away again; fine when there is none. */
MUST_CHECK enum err sync_retire_invite(struct db *db, const char *event_id);

#endif
