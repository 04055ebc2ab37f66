/* SPDX-License-Identifier: ISC */
/* What the files of the room writer share; nobody else includes it. */
#ifndef HOMESERVER_STANDALONE_ROOM_PARTS_H
#define HOMESERVER_STANDALONE_ROOM_PARTS_H

#include "homeserver/standalone/room.h"
#include "matrix/auth_rules.h"
#include "matrix/event.h"
#include "store/events.h"
#include "store/room_list.h"
#include "store/rooms.h"
#include "store/state.h"
#include "store/sync.h"

/*
 * A stored event in memory. An event takes up to 7 others to authorise it, and the one that it replaces: with
 * twice as many kept, those that all events need (m.room.create and so on) stay, and the members change.
 */
struct known_event {
    int64_t nid; /* 0: a free place */
    uint64_t used;
    char id[ID_SIZE];
    unsigned char reference_hash[DIGEST_SHA256_SIZE]; /* in room versions 1 and 2, whose references have it */
    json_t *json; /* of a member's event perhaps only `sender` and `content` */
};
#define KNOWN_EVENTS 16

/* The number of a state key: the rules ask for those of an event's sender and target again and again. */
struct known_key {
    int64_t nid; /* 0: a free place */
    char state_key[ID_SIZE];
};
#define KNOWN_KEYS 2

/* A forward extremity. */
struct extremity {
    int64_t nid;
    char id[ID_SIZE];
    unsigned char reference_hash[DIGEST_SHA256_SIZE]; /* as above */
};

struct room {
    const struct room_writer *writer;
    const struct room_version *version;
    struct room_row row; /* as it is in the database; its texts live in the writer's arena */
    struct state *state;
    struct extremity *latest; /* the last event that was appended is the first */
    size_t latest_count;
    int64_t depth;    /* of the deepest extremity; 0 in a new room */
    int64_t last_nid; /* of the last event that was appended; 0: none was */
    int64_t position; /* in the stream of events, of the last event of all rooms; 0: not read yet */
    enum history_visibility visibility; /* in the current state */
    struct room_change change;          /* what the list of rooms has not been told yet */
    struct known_event known[KNOWN_EVENTS];
    uint64_t uses;
    struct known_key keys[KNOWN_KEYS];
    size_t next_key;            /* the place of the next one */
    struct stored_event stored; /* scratch of the look-ups */
};

/* An event that was made, and the rows that have its signature in them. */
struct made_event {
    struct event event;
    struct buf json;     /* as it is stored and sent: the event with its `unsigned` */
    struct buf headered; /* as clients are told: with another `unsigned` */
    struct buf replaces; /* as in `row` */
    int64_t nid;
    struct sync_event row; /* its texts are those of the members above, or of the room */
};

/* Frees what it owns. */
void made_event_free(struct made_event *made);

/* An event in the making. */
struct room_draft {
    struct room *room;
    const struct new_event *new;
    char own_id[ID_SIZE]; /* in room versions 1 and 2, whose events do not get theirs from a hash */
    struct event_reference auth[AUTH_KEYS_MAX];
    int64_t auth_nids[AUTH_KEYS_MAX];
    size_t auth_count;
    struct event_reference prev[EVENT_PREV_MAX];
    size_t prev_count;
    struct made_event made;
    bool unsigned_yet;                  /* its signature is to come; see struct room_pending */
    const struct known_event *replaced; /* what has its place in the state; NULL: nothing */
    const char *membership;             /* of m.room.member; NULL for others */
    enum err looked_up;                 /* why a look-up of the authorisation rules failed */
};

/* Appends the headered form of an event whose JSON, as it is stored or for clients, is `json`. */
MUST_CHECK enum err room_write_headered(const struct room_draft *draft, const struct buf *json,
                                        struct buf *out);

/*
 * Writes the rows of an event that was built and allowed, but for those that have its signature, and moves
 * the state on; sets draft->made.nid and draft->made.row.
 */
MUST_CHECK enum err room_store(struct room_draft *draft);

/* Writes the rows that have the signatures, of `count` events that follow one another. */
MUST_CHECK enum err room_store_signed(struct db *db, struct made_event *const *made, size_t count);

/*
 * Events of the room that is open whose signatures are being made meanwhile, and whose last rows wait for
 * them. All are written before the room is closed, or one of them is looked up.
 */
struct room_pending;

/* With signatures by `key`, which is borrowed. Errors: ERR_NOMEM. */
MUST_CHECK enum err room_pending_open(struct room_pending **pending, const struct signing_key *key);
void room_pending_close(struct room_pending **pending); /* NULL inside is allowed */

/* Takes over an event that was stored, and writes the oldest ones when there are too many. */
MUST_CHECK enum err room_pending_add(struct room_pending *pending, struct db *db, struct made_event *made);

/* Whether the event `nid` is among them. NULL is allowed. */
bool room_pending_has(const struct room_pending *pending, int64_t nid);

/* Writes all. NULL is allowed. */
MUST_CHECK enum err room_pending_write(struct room_pending *pending, struct db *db);

/* Drops all: the transaction is rolled back. NULL is allowed. */
void room_pending_drop(struct room_pending *pending);

/* The stored event `nid`; borrowed, as room_state() says. */
MUST_CHECK enum err room_known(struct room *room, int64_t nid, const struct known_event **known);

/* The event at a place of the current state; NULL: there is none. Likewise. */
MUST_CHECK enum err room_state_known(struct room *room, const char *type, const char *state_key,
                                     const struct known_event **known);

/* state_keys_number(), which asks the database only once for those in use. */
MUST_CHECK enum err room_key_number(struct room *room, const char *state_key, int64_t *nid);

/* Forgets the events that were read or kept. */
void room_forget(struct room *room);

/* Keeps an event that was just stored, so that it need not be read again. */
void room_remember(struct room *room, int64_t nid, const struct event *event);

/* The visibility that an m.room.history_visibility event sets. */
enum history_visibility room_visibility_of(const json_t *event);

#endif
