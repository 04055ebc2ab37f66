/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event_proto.h"
#include "matrix/event_check.h"
#include "matrix/redaction.h"
#include "matrix/signed_json.h"

/* Appendices, "Cryptographic Test Vectors". */
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

/* Also in an event that looks as if there were a signature elsewhere, and more behind it. */
static void a_signature_can_be_placed_later(void **state)
{
    (void)state;
    for (int number = 1; number <= 11; number++) {
        json_t *content = json_text("{'signatures': {'domain': {'ed25519:1': 'AAAA'}}}");
        json_t *unsigned_data = json_text("{'signatures': {}}");
        struct event_proto proto = proto_with(content);
        unsigned char signature[ED25519_SIGNATURE_SIZE];
        struct event built, prepared;
        char *at;

        proto.state_key = "";
        proto.unsigned_data = unsigned_data;
        assert_int_equal(event_build(version_of(number), &proto, &signer, &built), ERR_OK);
        assert_int_equal(event_prepare(version_of(number), &proto, &signer, &prepared), ERR_OK);
        assert_string_equal(prepared.id, built.id);
        assert_string_not_equal(prepared.text.data, built.text.data);
        at = prepared.text.data + prepared.signature_at;
        assert_int_equal(strspn(at, "A"), 86);
        assert_int_equal(ed25519_sign(&key, prepared.essential.data, prepared.essential.length, signature),
                         ERR_OK);
        event_place_signature(at, signature);
        assert_string_equal(prepared.text.data, built.text.data);
        json_decref(content);
        json_decref(unsigned_data);
        event_free(&built);
        event_free(&prepared);
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
#define MEMBER_EVENT                                                                                         \
    "{'auth_events':['$ZpmWn6V3IMFb5pyqP7EpFxLVLG2eKVvOyO3VywbRNGc'],'content':{'displayname':'User Number " \
    "0',"                                                                                                    \
    "'membership':'join'},'depth':2,'hashes':{'sha256':'3q/"                                                 \
    "ULtd12zx3jSIAq3WtcNTJBSzFZ0TUpIkaTpvwY4M'},'origin':'example.org',"                                     \
    "'origin_server_ts':1795452777742,'prev_events':['$ZpmWn6V3IMFb5pyqP7EpFxLVLG2eKVvOyO3VywbRNGc'],'prev_" \
    "state':[],"                                                                                             \
    "'room_id':'!VaNppTgZjfEEpSW9:example.org','sender':'@user00:example.org','signatures':{'example.org':{" \
    "'ed25519:ZCgDMx':'64zLSgeNuxZYX8rqQKGJ36rH6/"                                                           \
    "o4fxgmznwYXi+Ssm01D8SoCFJ79TbQfoHQe2ta+y9Ff2882m5YRTWt8OpqBg'}},"                                       \
    "'state_key':'@user00:example.org','type':'m.room.member'}"
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
    {"10", "$lrtH_6HYCFFAb3An6267V_IOVIMdO6dRwllOzrcbjlg", MEMBER_EVENT},
    {"3", "$lrtH/6HYCFFAb3An6267V/IOVIMdO6dRwllOzrcbjlg", MEMBER_EVENT}, /* the other alphabet */
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
        cmocka_unit_test(a_signature_can_be_placed_later),
        cmocka_unit_test(gives_events_the_members_of_their_version),
        cmocka_unit_test(agrees_with_dendrite),
        cmocka_unit_test(refuses_parts_that_cannot_be_in_an_event),
        cmocka_unit_test(counts_depth_up_to_the_bound),
        cmocka_unit_test(writes_the_headered_form),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
