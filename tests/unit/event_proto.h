/* SPDX-License-Identifier: ISC */
/* The key of the specification's test vectors, and an event to start from. */
#ifndef TESTS_EVENT_PROTO_H
#define TESTS_EVENT_PROTO_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_text.h"
#include "crypto/base64.h"
#include "matrix/event.h"

/*
 * Appendices, "Cryptographic Test Vectors". The text there ends with "1"; the two bits that are over are no
 * part of the seed, and base64_decode() wants them to be 0.
 */
#define SEED "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0"

static struct signing_key key;
static unsigned char public[ED25519_PUBLIC_SIZE];
static const struct event_signer signer = {"domain", &key};

static inline int set_up(void **state)
{
    unsigned char seed[ED25519_SEED_SIZE];
    size_t size = sizeof seed;

    (void)state;
    return base64_decode(SEED, seed, &size) || signing_key_set(&key, "ed25519:1", seed) ||
           ed25519_public(&key, public);
}

static inline int tear_down(void **state)
{
    (void)state;
    signing_key_wipe(&key);
    return 0;
}

static inline const struct room_version *version_of(int number)
{
    char name[8];

    snprintf(name, sizeof name, "%d", number);
    return room_version_find(name);
}

static const unsigned char some_hash[DIGEST_SHA256_SIZE] = "0123456789abcdef0123456789abcde";
static const struct event_reference references[21] = {
    {"$0:domain", some_hash},  {"$1:domain", some_hash},  {"$2:domain", some_hash},
    {"$3:domain", some_hash},  {"$4:domain", some_hash},  {"$5:domain", some_hash},
    {"$6:domain", some_hash},  {"$7:domain", some_hash},  {"$8:domain", some_hash},
    {"$9:domain", some_hash},  {"$10:domain", some_hash}, {"$11:domain", some_hash},
    {"$12:domain", some_hash}, {"$13:domain", some_hash}, {"$14:domain", some_hash},
    {"$15:domain", some_hash}, {"$16:domain", some_hash}, {"$17:domain", some_hash},
    {"$18:domain", some_hash}, {"$19:domain", some_hash}, {"$20:domain", some_hash},
};

/* A message that names one previous event and two auth events; `content` is the caller's. */
static inline struct event_proto proto_with(json_t *content)
{
    return (struct event_proto){
        .id = "$own:domain",
        .room_id = "!r:domain",
        .sender = "@u:domain",
        .type = "m.room.message",
        .content = content,
        .depth = 12,
        .origin_server_ts = 1000000,
        .prev_events = references,
        .prev_events_count = 1,
        .auth_events = references + 1,
        .auth_events_count = 2,
    };
}

static inline void set(json_t *object, const char *name, json_t *value)
{
    assert_int_equal(json_object_set_new(object, name, value), 0);
}

/* Builds an event of room version 10 from what the caller changed in `proto`. */
static inline enum err build(const struct event_proto *proto)
{
    struct event event;
    enum err e = event_build(room_version_find("10"), proto, &signer, &event);

    if (e) {
        assert_null(event.json);
        assert_null(event.text.data);
    }
    event_free(&event);
    return e;
}

#endif
