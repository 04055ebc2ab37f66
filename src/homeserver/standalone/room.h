/* SPDX-License-Identifier: ISC */
/*
 * Writing rooms: events are built, signed, checked and stored one after another, each with the one before it
 * as its previous event, so that a room has one forward extremity however many there were.
 */
#ifndef HOMESERVER_STANDALONE_ROOM_H
#define HOMESERVER_STANDALONE_ROOM_H

#include <stdint.h>
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "crypto/ed25519.h"
#include "homeserver/homeserver.h"
#include "matrix/id.h"

/* What an act writes its rooms with. */
struct room_writer {
    struct homeserver *hs;   /* borrowed; for its `reason` */
    struct db *db;           /* borrowed */
    const char *server_name; /* borrowed */
    struct arena *arena;     /* borrowed; for what lives as long as the act */
    struct signing_key key;
    int64_t now_ms;               /* the origin_server_ts of its events */
    struct room_pending *pending; /* NULL: each event is signed at once */
};

/*
 * Reads the signing key, and the time. The caller ends it with room_writer_close(), also after an error.
 * Errors: those of signing_key_read() with a reason, ERR_IO in place of ERR_NOT_FOUND.
 */
MUST_CHECK enum err room_writer_open(struct room_writer *writer, struct homeserver *hs, struct arena *arena);
void room_writer_close(struct room_writer *writer);

/*
 * From now on events are signed by another process, for an act that appends a great many to one room. Errors:
 * ERR_NOMEM.
 */
MUST_CHECK enum err room_writer_sign_apart(struct room_writer *writer);

/* A room that is being written. One at a time, inside a transaction for writing; see room_save(), too. */
struct room;

/*
 * Opens a room that has events. The caller ends it with room_close(). Errors: ERR_NOT_FOUND (there is no such
 * room, or we only know it by an invitation), ERR_INVALID (logged; of a room version that we do not know),
 * ERR_CORRUPT, ERR_NOMEM and those of db_step().
 */
MUST_CHECK enum err room_open(struct room **room, const struct room_writer *writer, const char *room_id);

/* Begins a new room, whose first event is to be m.room.create. Errors: ERR_EXISTS, and as above. */
MUST_CHECK enum err room_begin(struct room **room, const struct room_writer *writer, const char *room_id,
                               const char *version);

/*
 * For an act of several transactions, each of which would read again what the room's state is: room_save() at
 * the end of one writes where the room's history ends now, and room_resume() at the beginning of the next
 * takes in what others have written meanwhile. In between there is nothing else to do with the room but to
 * close it. Errors: as room_open(); then it can only be closed.
 */
MUST_CHECK enum err room_save(struct room *room);
MUST_CHECK enum err room_resume(struct room *room);

/*
 * Writes where the room's history ends now, if `err` is ERR_OK; otherwise the caller rolls back. Frees the
 * room, sets it to NULL, and returns `err` or its own failure. NULL inside is allowed.
 */
MUST_CHECK enum err room_close(struct room **room, enum err err);

/* A new event. Everything is borrowed. */
struct new_event {
    const char *sender;
    const char *type;
    const char *state_key; /* NULL: not a state event */
    const char *redacts;   /* the event that an m.room.redaction redacts; NULL: none */
    json_t *content;
    json_t *unsigned_data; /* NULL: none */
    /* The client's transaction that it is of; NULL: none. */
    const char *transaction_id;
    int64_t session_id; /* of the client */
};

/*
 * Appends an event; `id` becomes its id. It is checked by the authorisation rules before anything is stored.
 * Errors: ERR_DENIED (logged), ERR_INVALID (not what the room version allows in an event), ERR_TOO_LARGE:
 * then nothing was stored, and others can be appended. ERR_CORRUPT, ERR_NOMEM and those of db_step(): then
 * the caller is to roll back.
 */
MUST_CHECK enum err room_append(struct room *room, const struct new_event *event, char id[ID_SIZE]);

/* Who redacts an event, and why. Everything is borrowed. */
struct new_redaction {
    const char *sender; /* a user of this server */
    const char *event_id;
    const char *reason; /* NULL: none is given */
};

/*
 * Redacts an event of the room: appends the event that does so, and takes from all copies of the other one
 * what a redaction takes; of one that is redacted already, nothing. Errors: ERR_NOT_FOUND (the room has no
 * such event), ERR_INVALID (what is stored of it cannot be read), ERR_DENIED (of both, `*why` says it in a
 * sentence, a constant; NULL: that was logged), and as room_append().
 */
MUST_CHECK enum err room_redact(struct room *room, const struct new_redaction *redaction, const char **why);

/*
 * The event at a place of the room's current state (an m.room.member event perhaps with `sender` and
 * `content` only), borrowed until the next call for this room; NULL: there is none. Errors: ERR_CORRUPT,
 * ERR_NOMEM and those of db_step().
 */
MUST_CHECK enum err room_state(struct room *room, const char *type, const char *state_key, json_t **event);

/* The membership of a user in that state, as long as that event; "leave" when there is none. Errors as above.
 */
MUST_CHECK enum err room_membership(struct room *room, const char *user_id, const char **membership);

/* Whether the user may come to the room, or is in it. ERR_DENIED, with the reason of the homeserver: it is
 * blocked. */
MUST_CHECK enum err room_admits(struct room *room, const char *user_id);

/* How many events the room's history ends with; EVENT_PREV_MAX of them become one by the next event. */
size_t room_extremities(const struct room *room);

/* The number of the room in the database. */
int64_t room_number(const struct room *room);

#endif
