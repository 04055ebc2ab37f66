/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "event_proto.h"
#include "matrix/event_check.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_wrong_with_a_member),
        cmocka_unit_test(holds_identifiers_to_their_limits),
        cmocka_unit_test(holds_the_whole_to_its_limit),
        cmocka_unit_test(misses_hashes_and_signatures),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
