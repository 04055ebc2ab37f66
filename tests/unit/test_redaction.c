/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "json_text.h"
#include "matrix/redaction.h"

/* The content of an event of this type, and what is left of it in the versions `first` to `last`. */
static const struct {
    int first, last;
    const char *type, *content, *kept;
} rows[] = {
    {1, 11, "m.room.message", "{'body': 'x', 'membership': 'join', 'redacts': '$x'}", "{}"},
    {1, 8, "m.room.member",
     "{'membership': 'join', 'displayname': 'x', 'join_authorised_via_users_server': '@a:b'}",
     "{'membership': 'join'}"},
    {9, 11, "m.room.member",
     "{'membership': 'join', 'displayname': 'x', 'join_authorised_via_users_server': '@a:b'}",
     "{'membership': 'join', 'join_authorised_via_users_server': '@a:b'}"},
    {1, 10, "m.room.member",
     "{'membership': 'invite', 'third_party_invite': {'display_name': 'x', 'signed': {'token': 't'}}}",
     "{'membership': 'invite'}"},
    {11, 11, "m.room.member",
     "{'membership': 'invite', 'third_party_invite': {'display_name': 'x', 'signed': {'token': 't'}}}",
     "{'membership': 'invite', 'third_party_invite': {'signed': {'token': 't'}}}"},
    {11, 11, "m.room.member", "{'third_party_invite': {'display_name': 'x'}}", "{'third_party_invite': {}}"},
    {11, 11, "m.room.member", "{'third_party_invite': 'x'}", "{}"},
    {1, 10, "m.room.create", "{'creator': '@a:b', 'room_version': '10', 'm.federate': false}",
     "{'creator': '@a:b'}"},
    {11, 11, "m.room.create", "{'creator': '@a:b', 'room_version': '11', 'm.federate': false, 'other': [1]}",
     "{'creator': '@a:b', 'room_version': '11', 'm.federate': false, 'other': [1]}"},
    {1, 7, "m.room.join_rules", "{'join_rule': 'restricted', 'allow': [], 'x': 1}",
     "{'join_rule': 'restricted'}"},
    {8, 11, "m.room.join_rules", "{'join_rule': 'restricted', 'allow': [], 'x': 1}",
     "{'join_rule': 'restricted', 'allow': []}"},
    {1, 10, "m.room.power_levels",
     "{'ban': 1, 'events': {'a': 1}, 'events_default': 2, 'invite': 3, 'kick': 4, 'redact': 5, "
     "'state_default': 6,"
     " 'users': {'@a:b': 7}, 'users_default': 8, 'notifications': {'room': 9}}",
     "{'ban': 1, 'events': {'a': 1}, 'events_default': 2, 'kick': 4, 'redact': 5, 'state_default': 6,"
     " 'users': {'@a:b': 7}, 'users_default': 8}"},
    {11, 11, "m.room.power_levels",
     "{'ban': 1, 'events': {'a': 1}, 'events_default': 2, 'invite': 3, 'kick': 4, 'redact': 5, "
     "'state_default': 6,"
     " 'users': {'@a:b': 7}, 'users_default': 8, 'notifications': {'room': 9}}",
     "{'ban': 1, 'events': {'a': 1}, 'events_default': 2, 'invite': 3, 'kick': 4, 'redact': 5, "
     "'state_default': 6,"
     " 'users': {'@a:b': 7}, 'users_default': 8}"},
    {1, 5, "m.room.aliases", "{'aliases': ['#a:b'], 'x': 1}", "{'aliases': ['#a:b']}"},
    {6, 11, "m.room.aliases", "{'aliases': ['#a:b'], 'x': 1}", "{}"},
    {1, 11, "m.room.history_visibility", "{'history_visibility': 'shared', 'x': 1}",
     "{'history_visibility': 'shared'}"},
    {1, 10, "m.room.redaction", "{'redacts': '$x', 'reason': 'x'}", "{}"},
    {11, 11, "m.room.redaction", "{'redacts': '$x', 'reason': 'x'}", "{'redacts': '$x'}"},
};

static json_t *redact(int number, json_t *event)
{
    json_t *redacted;
    char name[8];

    snprintf(name, sizeof name, "%d", number);
    assert_int_equal(redaction_apply(room_version_find(name), event, &redacted), ERR_OK);
    return redacted;
}

static void keeps_of_the_content_what_the_version_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int number = rows[i].first; number <= rows[i].last; number++) {
            json_t *event =
                json_pack("{s:s, s:o}", "type", rows[i].type, "content", json_text(rows[i].content));
            json_t *before = json_deep_copy(event), *redacted = redact(number, event);
            json_t *kept = json_text(rows[i].kept);

            if (!json_equal(json_object_get(redacted, "content"), kept))
                fail_msg("row %zu, room version %d", i, number);
            assert_true(json_equal(event, before));
            json_decref(event);
            json_decref(before);
            json_decref(redacted);
            json_decref(kept);
        }
}

static void keeps_of_the_event_what_the_version_says(void **state)
{
    static const char always[] =
        "{'event_id': 1, 'type': 'x', 'room_id': 2, 'sender': 3, 'state_key': 4, 'content': {},"
        " 'hashes': 5, 'signatures': 6, 'depth': 7, 'prev_events': 8, 'auth_events': 9,"
        " 'origin_server_ts': 10}";
    json_t *until_10 = json_text("{'origin': 11, 'prev_state': 12, 'membership': 13}");
    json_t *never = json_text("{'unsigned': {}, 'redacts': 14, 'age': 15, 'other': 16}");

    (void)state;
    for (int number = 1; number <= 11; number++) {
        json_t *kept = json_text(always), *event = json_text(always), *redacted;

        assert_int_equal(json_object_update(event, until_10), 0);
        assert_int_equal(json_object_update(event, never), 0);
        if (number <= 10)
            assert_int_equal(json_object_update(kept, until_10), 0);
        redacted = redact(number, event);
        if (!json_equal(redacted, kept))
            fail_msg("room version %d", number);
        json_decref(event);
        json_decref(kept);
        json_decref(redacted);
    }
    json_decref(until_10);
    json_decref(never);
}

static void refuses_what_is_no_event(void **state)
{
    static const char *const texts[] = {
        "[]",
        "{}",
        "{'type': 'x'}",
        "{'content': {}}",
        "{'type': 1, 'content': {}}",
        "{'type': 'x', 'content': []}",
        "{'type': 'm.room.member\\u0000', 'content': {}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_t *event = json_text(texts[i]), *redacted;

        assert_int_equal(redaction_apply(room_version_find("10"), event, &redacted), ERR_INVALID);
        assert_null(redacted);
        json_decref(event);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_of_the_content_what_the_version_says),
        cmocka_unit_test(keeps_of_the_event_what_the_version_says),
        cmocka_unit_test(refuses_what_is_no_event),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
