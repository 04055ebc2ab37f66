/* SPDX-License-Identifier: ISC */
/*
 * roomserver_events, roomserver_event_json and roomserver_previous_events, and the numbers that event types
 * and state keys (the ids of users among them) have in these tables.
 */
#ifndef STORE_EVENTS_H
#define STORE_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "matrix/id.h"
#include "store/db.h"

/* The numbers of the state key "", and of what is not a state event. */
enum { STATE_KEY_NONE = 0, STATE_KEY_EMPTY = 1 };

/* The number of a text. ERR_NOT_FOUND when it has none yet. */
MUST_CHECK enum err event_types_find(struct db *db, const char *type, int64_t *nid);
MUST_CHECK enum err state_keys_find(struct db *db, const char *state_key, int64_t *nid);

/* The same; a text that has none is given one. */
MUST_CHECK enum err event_types_number(struct db *db, const char *type, int64_t *nid);
MUST_CHECK enum err state_keys_number(struct db *db, const char *state_key, int64_t *nid);

/* An event to be stored. */
struct event_row {
    int64_t room_nid;
    int64_t type_nid;
    int64_t state_key_nid;
    int64_t snapshot_nid; /* of the state before the event */
    int64_t depth;
    const char *id;
    const int64_t *auth_nids;
    size_t auth_nids_count;
};

/* Stores an event as accepted and sent out, without its JSON; `*nid` becomes its number. */
MUST_CHECK enum err events_insert(struct db *db, const struct event_row *row, int64_t *nid);

/* Stores its JSON. Until then nobody can look the event up: both are of one transaction. */
MUST_CHECK enum err events_insert_json(struct db *db, int64_t nid, const char *json);

/* Notes that the event `nid` has `event_id` among its prev_events. Errors: ERR_CORRUPT. */
MUST_CHECK enum err events_add_previous(struct db *db, const char *event_id, int64_t nid);

/* What others ask about a stored event. Begin with {0}; one struct can serve many look-ups, and its `json` is
 * freed by the caller. */
struct stored_event {
    char id[ID_SIZE];
    struct buf json;
};
/* Errors: ERR_CORRUPT (logged; there is no such event). */
MUST_CHECK enum err events_find(struct db *db, int64_t nid, struct stored_event *event);

/* Where an event is: by its id, for who has nothing but that. */
struct event_place {
    int64_t nid;
    int64_t room_nid;
    int64_t type_nid;
    int64_t state_key_nid;
};
/* Errors: ERR_NOT_FOUND. */
MUST_CHECK enum err events_locate(struct db *db, const char *event_id, struct event_place *place);

/* Puts another JSON in the place of an event's: what is left of it after a redaction. */
MUST_CHECK enum err events_replace_json(struct db *db, int64_t nid, const char *json);

/* An event that is asked for by its id. The texts live in an arena. */
struct event_by_id {
    const char *room_id;
    const char *room_version;
    const char *json;
};
/* ERR_NOT_FOUND, also for an event that was refused. */
MUST_CHECK enum err events_find_id(struct db *db, const char *event_id, struct arena *arena,
                                   struct event_by_id *event);

/* The number of the newest event; 0: there is none. */
MUST_CHECK enum err events_last(struct db *db, int64_t *nid);

/* The place of an event in the state: the numbers of its type and state key. Errors: as above. */
MUST_CHECK enum err events_place(struct db *db, int64_t nid, int64_t *type_nid, int64_t *state_key_nid);

#endif
