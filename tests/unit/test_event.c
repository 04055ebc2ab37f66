/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "json_text.h"
#include "crypto/base64.h"
#include "matrix/event.h"
#include "matrix/event_check.h"
#include "matrix/redaction.h"
#include "matrix/signed_json.h"

/*
 * Appendices, "Cryptographic Test Vectors". The text there ends with "1"; the two bits that are over are no
 * part of the seed, and base64_decode() wants them to be 0.
 */
#define SEED "YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA0"

static struct signing_key key;
static unsigned char public[ED25519_PUBLIC_SIZE];
static const struct event_signer signer = {"domain", &key};

static int set_up(void **state)
{
    unsigned char seed[ED25519_SEED_SIZE];
    size_t size = sizeof seed;

    (void)state;
    return base64_decode(SEED, seed, &size) || signing_key_set(&key, "ed25519:1", seed) ||
           ed25519_public(&key, public);
}

static int tear_down(void **state)
{
    (void)state;
    signing_key_wipe(&key);
    return 0;
}

static const struct {
    const char *plain, *signature, *hash; /* hash NULL: not an event */
} vectors[] = {
    {"{}", "K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ", NULL},
    {"{'one': 1, 'two': 'Two'}",
     "KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw", NULL},
    {"{'room_id': '!x:domain', 'sender': '@a:domain', 'origin': 'domain', 'origin_server_ts': 1000000,"
     " 'signatures': {}, 'hashes': {}, 'type': 'X', 'content': {}, 'prev_events': [], 'auth_events': [], "
     "'depth': 3,"
     " 'unsigned': {'age_ts': 1000000}}",
     "KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg",
     "5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos"},
    {"{'content': {'body': 'Here is the message content'}, 'event_id': '$0:domain', 'origin': 'domain',"
     " 'origin_server_ts': 1000000, 'type': 'm.room.message', 'room_id': '!r:domain', 'sender': '@u:domain',"
     " 'signatures': {}, 'unsigned': {'age_ts': 1000000}}",
     "Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA",
     "onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g"},
};

static void signs_as_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        const struct room_version *version = room_version_find("1");
        json_t *object = json_text(vectors[i].plain), *expected = json_deep_copy(object);

        assert_int_equal(vectors[i].hash ? event_sign(version, object, &signer)
                                         : signed_json_sign(object, "domain", &key),
                         ERR_OK);
        json_object_set_new(expected, "signatures",
                            json_pack("{s:{s:s}}", "domain", "ed25519:1", vectors[i].signature));
        if (vectors[i].hash)
            json_object_set_new(expected, "hashes", json_pack("{s:s}", "sha256", vectors[i].hash));
        if (!json_equal(object, expected))
            fail_msg("vector %zu", i);
        assert_int_equal(vectors[i].hash ? event_check_signature(version, object, "domain", key.id, public)
                                         : signed_json_verify(object, "domain", key.id, public),
                         ERR_OK);
        json_decref(object);
        json_decref(expected);
    }
}

static void checks_signatures_of_objects(void **state)
{
    json_t *object =
        json_text("{'one': 1, 'unsigned': {'age': 1}, 'signatures': {'other': {'ed25519:2': 'x'}}}");

    (void)state;
    assert_int_equal(signed_json_sign(object, "domain", &key), ERR_OK);
    assert_int_equal(signed_json_verify(object, "domain", "ed25519:1", public), ERR_OK);
    assert_int_equal(signed_json_verify(object, "domain", "ed25519:2", public), ERR_NOT_FOUND);
    assert_int_equal(signed_json_verify(object, "none", "ed25519:1", public), ERR_NOT_FOUND);
    assert_int_equal(signed_json_verify(object, "other", "ed25519:2", public), ERR_DENIED);
    assert_int_equal(json_object_del(object, "unsigned"), 0);
    assert_int_equal(signed_json_verify(object, "domain", "ed25519:1", public), ERR_OK);
    assert_int_equal(json_object_set_new(object, "one", json_integer(2)), 0);
    assert_int_equal(signed_json_verify(object, "domain", "ed25519:1", public), ERR_DENIED);
    assert_int_equal(json_object_set_new(object, "one", json_real(0.5)), 0);
    assert_int_equal(signed_json_verify(object, "domain", "ed25519:1", public), ERR_INVALID);
    json_decref(object);

    object = json_text("{'signatures': []}");
    assert_int_equal(signed_json_sign(object, "domain", &key), ERR_INVALID);
    json_decref(object);
}

static const struct room_version *version_of(int number)
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
static struct event_proto proto_with(json_t *content)
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

static void set(json_t *object, const char *name, json_t *value)
{
    assert_int_equal(json_object_set_new(object, name, value), 0);
}

static void builds_events_of_every_version(void **state)
{
    (void)state;
    for (int number = 1; number <= 11; number++) {
        const struct room_version *version = version_of(number);
        json_t *content = json_text("{'body': 'Grüße', 'msgtype': 'm.text'}"), *redacted, *again;
        struct event_proto proto = proto_with(content);
        struct event event;
        char id[ID_SIZE];

        assert_int_equal(event_build(version, &proto, &signer, &event), ERR_OK);
        assert_int_equal(event_check_format(version, event.json, NULL), ERR_OK);
        assert_int_equal(event_check_hash(version, event.json), ERR_OK);
        assert_int_equal(event_check_signature(version, event.json, "domain", key.id, public), ERR_OK);
        assert_int_equal(event_id_of(version, event.json, id), ERR_OK);
        assert_string_equal(id, event.id);
        assert_int_equal(strlen(id), number <= 2 ? strlen("$own:domain") : 44);
        assert_int_equal(canonical_json_read(event.text.data, event.text.length, &again), ERR_OK);
        assert_true(json_equal(again, event.json));

        /* A redacted copy has the same id and signature, and no longer the content hash. */
        assert_int_equal(redaction_apply(version, event.json, &redacted), ERR_OK);
        assert_int_equal(event_check_signature(version, redacted, "domain", key.id, public), ERR_OK);
        assert_int_equal(event_id_of(version, redacted, id), ERR_OK);
        assert_string_equal(id, event.id);
        assert_int_equal(event_check_hash(version, redacted), ERR_DENIED);

        /* Other content breaks the hash alone; another sender everything. */
        set(content, "body", json_string("other"));
        assert_int_equal(event_check_hash(version, event.json), ERR_DENIED);
        assert_int_equal(event_check_signature(version, event.json, "domain", key.id, public), ERR_OK);
        set(event.json, "sender", json_string("@v:domain"));
        assert_int_equal(event_check_signature(version, event.json, "domain", key.id, public), ERR_DENIED);
        assert_int_equal(event_id_of(version, event.json, id), ERR_OK);
        assert_int_equal(strcmp(id, event.id) == 0, number <= 2);
        json_decref(content);
        json_decref(redacted);
        json_decref(again);
        event_free(&event);
    }
}

/* The members of a built event, by room version. */
static const struct {
    int first, last;
    const char *state_key, *redacts, *name, *value; /* value NULL: the member is absent */
} parts[] = {
    {1, 2, NULL, NULL, "event_id", "'$own:domain'"},
    {3, 11, NULL, NULL, "event_id", NULL},
    {1, 2, NULL, NULL, "prev_events",
     "[['$0:domain', {'sha256': 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQA'}]]"},
    {3, 11, NULL, NULL, "prev_events", "['$0:domain']"},
    {3, 11, NULL, NULL, "auth_events", "['$1:domain', '$2:domain']"},
    {1, 11, NULL, NULL, "origin", "'domain'"},
    {1, 11, NULL, NULL, "depth", "12"},
    {1, 11, NULL, NULL, "state_key", NULL},
    {1, 11, NULL, NULL, "prev_state", NULL},
    {1, 11, NULL, NULL, "unsigned", NULL},
    {1, 11, "", NULL, "state_key", "''"},
    {1, 11, "", NULL, "prev_state", "[]"},
    {1, 11, NULL, NULL, "redacts", NULL},
    {1, 10, NULL, "$x", "redacts", "'$x'"},
    {1, 10, NULL, "$x", "content", "{'reason': 'x'}"},
    {11, 11, NULL, "$x", "redacts", NULL},
    {11, 11, NULL, "$x", "content", "{'reason': 'x', 'redacts': '$x'}"},
};

static void gives_events_the_members_of_their_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (int number = parts[i].first; number <= parts[i].last; number++) {
            json_t *content = json_text("{'reason': 'x'}");
            json_t *expected = parts[i].value ? json_text(parts[i].value) : NULL;
            struct event_proto proto = proto_with(content);
            struct event event;

            proto.state_key = parts[i].state_key;
            proto.redacts = parts[i].redacts;
            assert_int_equal(event_build(version_of(number), &proto, &signer, &event), ERR_OK);
            if (expected ? !json_equal(json_object_get(event.json, parts[i].name), expected)
                         : json_object_get(event.json, parts[i].name) != NULL)
                fail_msg("row %zu, room version %d: %s", i, number, event.text.data);
            assert_int_equal(json_object_size(content), 1);
            json_decref(content);
            json_decref(expected);
            event_free(&event);
        }
}

/* Events that Dendrite 0.15.2 wrote, and their ids. */
static const struct {
    const char *version, *id, *text;
} written[] = {
    {"10", "$ZpmWn6V3IMFb5pyqP7EpFxLVLG2eKVvOyO3VywbRNGc",
     "{'auth_events':[],'content':{'creator':'@user00:example.org','room_version':'10'},'depth':1,'hashes':{'"
     "sha256':"
     "'2Nw8+4GWnA2OeUHnQSo1mWGiNRxZpAMhcYZRQZMHq3Y'},'origin':'example.org','origin_server_ts':1795452777742,"
     "'prev_events':[],'prev_state':[],'room_id':'!VaNppTgZjfEEpSW9:example.org','sender':'@user00:example."
     "org',"
     "'signatures':{'example.org':{'ed25519:ZCgDMx':'4XnPVVOGZktuWhDazMGs0agh8o55qE/"
     "J9PXqWtR8VYjV7Zk4ZdIrXSsRi4opabdFq8W"
     "BQd0jIX+8969QdyakAQ'}},'state_key':'','type':'m.room.create'}"},
    {"11", "$3i9w4Isf9guFTOk9HEFfCtspw4aT3qFf5cM4inb2wU0",
     "{'auth_events':[],'content':{'room_version':'11'},'depth':1,'hashes':{'sha256':"
     "'cwZ97eDCoPSpATjvuJm8YE4dx5eeLRBBhoEnTGyYQAQ'},'origin':'example.org','origin_server_ts':1795452779004,"
     "'prev_events':[],'prev_state':[],'room_id':'!RgmP5YoUtC9tVNAj:example.org','sender':'@user07:example."
     "org',"
     "'signatures':{'example.org':{'ed25519:ZCgDMx':'Wsv4uvwEUph5qRWV7t23qcXK5PXhIJES1hz580ulYIUmO2jbiBD6/"
     "rKsHleHRgHGTls"
     "kWzrihNhdZm2eez7CAw'}},'state_key':'','type':'m.room.create'}"},
};

static void agrees_with_dendrite(void **state)
{
    unsigned char dendrites[ED25519_PUBLIC_SIZE];
    struct signing_key fixture;

    (void)state;
    assert_int_equal(signing_key_read("tests/fixture/matrix_key.pem", &fixture), ERR_OK);
    assert_int_equal(ed25519_public(&fixture, dendrites), ERR_OK);
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        const struct room_version *version = room_version_find(written[i].version);
        json_t *event = json_text(written[i].text);
        char id[ID_SIZE];

        assert_int_equal(event_check_format(version, event, NULL), ERR_OK);
        assert_int_equal(event_id_of(version, event, id), ERR_OK);
        assert_string_equal(id, written[i].id);
        assert_int_equal(event_check_hash(version, event), ERR_OK);
        assert_int_equal(event_check_signature(version, event, "example.org", fixture.id, dendrites), ERR_OK);
        json_decref(event);
    }
    signing_key_wipe(&fixture);
}

/* What event_check_format() says when the member `name` is `value` (NULL: absent) in that room version. */
static const struct {
    int version;
    const char *name, *value;
    enum err e;
} faults[] = {
    {10, "type", NULL, ERR_INVALID},
    {10, "type", "1", ERR_INVALID},
    {10, "type", "''", ERR_OK},
    {10, "type", "'m.room.member\\u0000'", ERR_INVALID},
    {10, "state_key", "'@u:domain'", ERR_OK},
    {10, "state_key", "1", ERR_INVALID},
    {10, "state_key", "null", ERR_INVALID},
    {10, "sender", NULL, ERR_INVALID},
    {10, "sender", "'u:domain'", ERR_INVALID},
    {10, "sender", "'@u'", ERR_INVALID},
    {10, "sender", "'@u:do main'", ERR_INVALID},
    {10, "sender", "'@U!:domain'", ERR_OK},
    {10, "room_id", NULL, ERR_INVALID},
    {10, "room_id", "'!r'", ERR_INVALID},
    {10, "room_id", "'#r:domain'", ERR_INVALID},
    {10, "content", NULL, ERR_INVALID},
    {10, "content", "[]", ERR_INVALID},
    {10, "unsigned", "{}", ERR_OK},
    {10, "unsigned", "[]", ERR_INVALID},
    {10, "hashes", NULL, ERR_INVALID},
    {10, "signatures", "1", ERR_INVALID},
    {10, "depth", NULL, ERR_INVALID},
    {10, "depth", "-1", ERR_INVALID},
    {10, "depth", "'1'", ERR_INVALID},
    {10, "origin_server_ts", NULL, ERR_INVALID},
    {10, "origin_server_ts", "1.5", ERR_INVALID},
    {10, "prev_events", NULL, ERR_INVALID},
    {10, "prev_events", "[]", ERR_OK},
    {10, "prev_events", "['$x', '']", ERR_INVALID},
    {10, "prev_events", "['x']", ERR_INVALID},
    {10, "prev_events", "[['$x:domain', {'sha256': 'x'}]]", ERR_INVALID},
    {10, "auth_events", "[1]", ERR_INVALID},
    {10, "auth_events", "{}", ERR_INVALID},
    {10, "event_id", "1", ERR_OK},
    {2, "event_id", NULL, ERR_INVALID},
    {2, "event_id", "'x'", ERR_INVALID},
    {2, "prev_events", "['$x:domain']", ERR_INVALID},
    {2, "prev_events", "[['$x:domain', {}]]", ERR_INVALID},
    {2, "prev_events", "[['$x:domain', {'sha256': 'x'}]]", ERR_OK},
    {2, "redacts", "1", ERR_INVALID},
};

static void finds_what_is_wrong_with_a_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        const struct room_version *version = version_of(faults[i].version);
        json_t *content = json_object();
        struct event_proto proto = proto_with(content);
        const char *fault = NULL;
        struct event event;
        enum err e;

        assert_int_equal(event_build(version, &proto, &signer, &event), ERR_OK);
        if (faults[i].value)
            set(event.json, faults[i].name, json_text(faults[i].value));
        else
            assert_int_equal(json_object_del(event.json, faults[i].name), 0);
        e = event_check_format(version, event.json, &fault);
        if (e != faults[i].e || (e && strcmp(fault, faults[i].name) != 0))
            fail_msg("row %zu: %s: %s, %s", i, faults[i].name, err_text(e), fault);
        json_decref(content);
        event_free(&event);
    }
}

/* `bytes` characters, the first ones being those of `start`, the last those of `end`. */
static const char *long_text(const char *start, size_t bytes, const char *end)
{
    static char text[EVENT_SIZE_MAX + 1];

    memset(text, 'x', bytes);
    text[bytes] = '\0';
    memcpy(text, start, strlen(start));
    memcpy(text + bytes - strlen(end), end, strlen(end));
    return text;
}

/* Builds an event of room version 10 from what the caller changed in `proto`. */
static enum err build(const struct event_proto *proto)
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

static void holds_identifiers_to_their_limits(void **state)
{
    json_t *content = json_object();

    (void)state;
    for (size_t bytes = EVENT_KEY_MAX; bytes <= EVENT_KEY_MAX + 1; bytes++) {
        const enum err expected = bytes > EVENT_KEY_MAX ? ERR_TOO_LARGE : ERR_OK;
        struct event_proto proto;

        proto = proto_with(content);
        proto.type = long_text("", bytes, "");
        assert_int_equal(build(&proto), expected);
        proto = proto_with(content);
        proto.state_key = long_text("", bytes, "");
        assert_int_equal(build(&proto), expected);
        proto = proto_with(content);
        proto.sender = long_text("@", bytes, ":domain");
        assert_int_equal(build(&proto), expected);
        proto = proto_with(content);
        proto.room_id = long_text("!", bytes, ":domain");
        assert_int_equal(build(&proto), expected);
    }
    for (size_t count = 20; count <= 21; count++) {
        struct event_proto proto = proto_with(content);

        proto.prev_events_count = count;
        assert_int_equal(build(&proto), count > 20 ? ERR_TOO_LARGE : ERR_OK);
        proto.prev_events_count = 1;
        proto.auth_events_count = count - 10;
        assert_int_equal(build(&proto), count > 20 ? ERR_TOO_LARGE : ERR_OK);
    }
    json_decref(content);
}

static void holds_the_whole_to_its_limit(void **state)
{
    json_t *content = json_text("{'body': ''}");
    struct event_proto proto = proto_with(content);
    struct event event;
    size_t room;

    (void)state;
    assert_int_equal(event_build(room_version_find("10"), &proto, &signer, &event), ERR_OK);
    room = EVENT_SIZE_MAX - event.text.length;
    event_free(&event);
    set(content, "body", json_string(long_text("", room, "")));
    assert_int_equal(build(&proto), ERR_OK);
    set(content, "body", json_string(long_text("", room + 1, "")));
    assert_int_equal(build(&proto), ERR_TOO_LARGE);
    json_decref(content);
}

static void refuses_parts_that_cannot_be_in_an_event(void **state)
{
    const struct event_reference bad = {"$\xff", some_hash}, bare = {"$x:domain", NULL};
    json_t *content = json_text("{'a': 1.5}");
    struct event_proto proto = proto_with(content);
    struct event event;

    (void)state;
    assert_int_equal(build(&proto), ERR_INVALID);
    set(content, "a", json_integer(CANONICAL_JSON_INTEGER_MAX + 1));
    assert_int_equal(build(&proto), ERR_INVALID);
    set(content, "a", json_integer(1));
    assert_int_equal(build(&proto), ERR_OK);
    proto.state_key = "\xff";
    assert_int_equal(build(&proto), ERR_INVALID);
    proto.state_key = NULL;
    proto.prev_events = &bad;
    assert_int_equal(build(&proto), ERR_INVALID);
    proto.prev_events = &bare;
    assert_int_equal(build(&proto), ERR_OK);
    assert_int_equal(event_build(room_version_find("1"), &proto, &signer, &event), ERR_INVALID);
    proto.prev_events = references;
    proto.id = NULL;
    assert_int_equal(event_build(room_version_find("2"), &proto, &signer, &event), ERR_INVALID);
    proto.content = json_array();
    assert_int_equal(build(&proto), ERR_INVALID);
    json_decref(proto.content);
    json_decref(content);
}

static void misses_hashes_and_signatures(void **state)
{
    const struct room_version *version = room_version_find("10");
    json_t *content = json_object();
    struct event_proto proto = proto_with(content);
    struct event event;

    (void)state;
    assert_int_equal(event_build(version, &proto, &signer, &event), ERR_OK);
    assert_int_equal(event_check_signature(version, event.json, "domain", "ed25519:2", public),
                     ERR_NOT_FOUND);
    set(event.json, "hashes", json_text("{'sha256': 'AAAA'}"));
    assert_int_equal(event_check_hash(version, event.json), ERR_DENIED);
    set(event.json, "hashes", json_text("{'sha256': 1}"));
    assert_int_equal(event_check_hash(version, event.json), ERR_NOT_FOUND);
    json_decref(content);
    event_free(&event);
}

static void counts_depth_up_to_the_bound(void **state)
{
    (void)state;
    assert_int_equal(event_depth_after(room_version_find("10"), 0), 1);
    assert_int_equal(event_depth_after(room_version_find("10"), CANONICAL_JSON_INTEGER_MAX - 1),
                     CANONICAL_JSON_INTEGER_MAX);
    assert_int_equal(event_depth_after(room_version_find("10"), CANONICAL_JSON_INTEGER_MAX),
                     CANONICAL_JSON_INTEGER_MAX);
    assert_int_equal(event_depth_after(room_version_find("5"), CANONICAL_JSON_INTEGER_MAX),
                     CANONICAL_JSON_INTEGER_MAX + 1);
    assert_int_equal(event_depth_after(room_version_find("5"), INT64_MAX), INT64_MAX);
}

static void writes_the_headered_form(void **state)
{
    const struct room_version *version = room_version_find("10");
    struct buf out = {0};

    (void)state;
    assert_int_equal(event_write_headered(version, "$x\"y", "{\"type\":\"m\"}", 12, &out), ERR_OK);
    assert_string_equal(out.data, "{\"type\":\"m\",\"_room_version\":\"10\",\"_event_id\":\"$x\\\"y\"}");
    buf_clear(&out);
    assert_int_equal(event_write_headered(version, "$x", "", 0, &out), ERR_INVALID);
    assert_int_equal(event_write_headered(version, "$x", "{}]", 3, &out), ERR_INVALID);
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_as_the_specification),
        cmocka_unit_test(checks_signatures_of_objects),
        cmocka_unit_test(builds_events_of_every_version),
        cmocka_unit_test(gives_events_the_members_of_their_version),
        cmocka_unit_test(agrees_with_dendrite),
        cmocka_unit_test(finds_what_is_wrong_with_a_member),
        cmocka_unit_test(holds_identifiers_to_their_limits),
        cmocka_unit_test(holds_the_whole_to_its_limit),
        cmocka_unit_test(refuses_parts_that_cannot_be_in_an_event),
        cmocka_unit_test(misses_hashes_and_signatures),
        cmocka_unit_test(counts_depth_up_to_the_bound),
        cmocka_unit_test(writes_the_headered_form),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
