/* SPDX-License-Identifier: ISC */
/*
 * Events as servers exchange them (PDUs): hashes, ids, signatures, and making new ones. "Server-Server API",
 * sections "PDUs" and "Signing Events"; the formats are in the "Room Versions". An event is a jansson object;
 * functions that take it without const do so for jansson's iterators, and change it only where they say so.
 */
#ifndef MATRIX_EVENT_H
#define MATRIX_EVENT_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "matrix/id.h"
#include "matrix/room_version.h"

#define EVENT_SIZE_MAX                                                                                       \
    65536                  /* bytes of the whole event as canonical JSON (Client-Server API, "Size limits") */
#define EVENT_KEY_MAX  255 /* bytes of type, state_key, sender, room_id, event_id */
#define EVENT_PREV_MAX 20  /* prev_events */
#define EVENT_AUTH_MAX 10  /* auth_events */

/* Another event, as prev_events and auth_events name it. */
struct event_reference {
    const char *id;
    const unsigned char
        *sha256; /* its reference hash, of DIGEST_SHA256_SIZE; only room versions 1 and 2 look at it */
};

/* What a new event is made of. Everything is borrowed. */
struct event_proto {
    const char *id; /* room versions 1 and 2: the new event's id; later ones compute it */
    const char *room_id;
    const char *sender;
    const char *type;
    const char *state_key; /* NULL: not a state event */
    const char *redacts;   /* the event that an m.room.redaction redacts; NULL: none */
    json_t *content;
    json_t *unsigned_data; /* NULL: none */
    int64_t depth;         /* one more than the greatest of prev_events; see event_depth_after() */
    int64_t origin_server_ts;
    const struct event_reference *prev_events, *auth_events;
    size_t prev_events_count, auth_events_count;
};

/* Who signs. */
struct event_signer {
    const char *server_name;
    const struct signing_key *key;
};

/* A whole event. Begin with {0}; event_free() frees what it owns. */
struct event {
    json_t *json;
    struct buf text; /* its canonical JSON: what is stored and sent */
    char id[ID_SIZE];
    unsigned char reference_hash[DIGEST_SHA256_SIZE];
    struct buf essential; /* what the signature covers */
    size_t signature_at;  /* where the signature is in `text` */
};

/*
 * Makes, hashes and signs an event. Errors: ERR_INVALID (a part that the room version does not allow; see
 * event_check_format()), ERR_TOO_LARGE (a limit above), ERR_NOMEM. On an error `event` is empty.
 */
MUST_CHECK enum err event_build(const struct room_version *version, const struct event_proto *proto,
                                const struct event_signer *signer, struct event *event);

/*
 * The same but for the signature: no id or hash depends on it, so it can be made later. Until then there is
 * one of zeros in `json` and `text`; the real one is that of `essential` by the signer's key. Errors as
 * event_build().
 */
MUST_CHECK enum err event_prepare(const struct room_version *version, const struct event_proto *proto,
                                  const struct event_signer *signer, struct event *event);

/* Puts the signature in its place at `text`: that of an event, or one that begins alike, + `signature_at`. */
void event_place_signature(char *at, const unsigned char signature[ED25519_SIGNATURE_SIZE]);

/* Frees what it owns; it may be filled again. */
void event_free(struct event *event);

/* The depth of an event after one of `depth`: at most what the room version can write. */
int64_t event_depth_after(const struct room_version *version, int64_t depth);

/* "Calculating the content hash for an event". Errors: those of canonical_json_write(). */
MUST_CHECK enum err event_content_hash(const struct room_version *version, json_t *event,
                                       unsigned char sha256[DIGEST_SHA256_SIZE]);

/*
 * Appends to `out` what the reference hash and the signatures of `event` cover: its redacted form without
 * `signatures` and `unsigned`. Errors: those of canonical_json_write() and redaction_apply().
 */
MUST_CHECK enum err event_essential(const struct room_version *version, json_t *event, struct buf *out);

/* "Calculating the reference hash for an event". Errors: as event_essential(). */
MUST_CHECK enum err event_reference_hash(const struct room_version *version, json_t *event,
                                         unsigned char sha256[DIGEST_SHA256_SIZE]);

/* The id of `event`: its own member, or computed. Errors: as event_essential(); ERR_INVALID also when it has
 * none. */
MUST_CHECK enum err event_id_of(const struct room_version *version, json_t *event, char id[ID_SIZE]);

/*
 * Gives `event` its content hash and a signature ("Adding hashes and signatures to outgoing events");
 * signatures of others stay. Errors: as event_essential() and signed_json_add().
 */
MUST_CHECK enum err event_sign(const struct room_version *version, json_t *event,
                               const struct event_signer *signer);

/*
 * Appends Dendrite's "headered" form of an event to `out`: `text`, the JSON of the event, with _room_version
 * and _event_id as its last members. Errors: ERR_INVALID (`text` does not end with "}"), ERR_NOMEM.
 */
MUST_CHECK enum err event_write_headered(const struct room_version *version, const char *id, const char *text,
                                         size_t size, struct buf *out);

#endif
