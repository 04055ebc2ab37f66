/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth_room.h"
#include "base/buf.h"

/* What is selected, as "type/state_key" with "m.room." left out, one after the other. */
static const struct {
    int first, last;
    const char *type, *state_key, *content, *selected;
} selections[] = {
    {1, 11, "m.room.create", "", "{}", ""},
    {1, 11, "m.room.message", NULL, "{'membership': 'join'}", "create/ power_levels/ member/@s:x "},
    {1, 11, "m.room.name", "", "{}", "create/ power_levels/ member/@s:x "},
    {1, 11, MEMBER, "@s:x", JOIN, "create/ join_rules/ power_levels/ member/@s:x "},
    {1, 11, MEMBER, "@s:x", KNOCK, "create/ join_rules/ power_levels/ member/@s:x "},
    {1, 11, MEMBER, "@s:x", LEAVE, "create/ power_levels/ member/@s:x "},
    {1, 11, MEMBER, "@t:x", LEAVE, "create/ power_levels/ member/@s:x member/@t:x "},
    {1, 11, MEMBER, "@t:x", BAN, "create/ power_levels/ member/@s:x member/@t:x "},
    {1, 11, MEMBER, "@t:x", INVITE, "create/ join_rules/ power_levels/ member/@s:x member/@t:x "},
    {1, 11, MEMBER, "@t:x", "{'membership': 'invite', 'third_party_invite': {'signed': {'token': 'a'}}}",
     "create/ join_rules/ power_levels/ member/@s:x member/@t:x third_party_invite/a "},
    {1, 11, MEMBER, "@t:x", "{'membership': 'ban', 'third_party_invite': {'signed': {'token': 'a'}}}",
     "create/ power_levels/ member/@s:x member/@t:x "},
    {1, 7, MEMBER, "@s:x", VOUCHED("@v:x"), "create/ join_rules/ power_levels/ member/@s:x "},
    {8, 11, MEMBER, "@s:x", VOUCHED("@v:x"), "create/ join_rules/ power_levels/ member/@s:x member/@v:x "},
    {8, 11, MEMBER, "@s:x", VOUCHED("@s:x"), "create/ join_rules/ power_levels/ member/@s:x "},
    {1, 11, MEMBER, "@t:x", "{}", "create/ power_levels/ member/@s:x member/@t:x "},
};

static void selects_auth_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof selections / sizeof *selections; i++)
        for (int number = selections[i].first; number <= selections[i].last; number++) {
            json_t *content = json_text(selections[i].content);
            struct auth_key keys[AUTH_KEYS_MAX];
            size_t count = auth_rules_select(room_version_of(number), selections[i].type, "@s:x",
                                             selections[i].state_key, content, keys);
            struct buf text = {0};

            buf_puts(&text, "");
            for (size_t k = 0; k < count; k++)
                buf_printf(&text, "%s/%s ", keys[k].type + strlen("m.room."), keys[k].state_key);
            assert_string_equal(text.data, selections[i].selected);
            buf_free(&text);
            json_decref(content);
        }
}

/* The auth events of a join by @new:x, as letters: create, rules, power levels, member (self), other member,
 * foreign create. */
static const struct {
    const char *given, *reason;
} given[] = {
    {"crp", NULL},
    {"c", NULL},
    {"crpm", NULL},
    {"", "no auth event is m.room.create"},
    {"rp", "no auth event is m.room.create"},
    {"crpr", "two auth events are of one type and state key"},
    {"crpo", "an auth event is none that the event needs"},
    {"f", "an auth event is of another room"},
    {"x", "an auth event is none that the event needs"},
};

static json_t *auth_event(char letter)
{
    json_t *event;

    switch (letter) {
    case 'c':
        return room_event("m.room.create", "@creator:x", "", json_object());
    case 'r':
        return room_event("m.room.join_rules", "@creator:x", "", json_object());
    case 'p':
        return room_event("m.room.power_levels", "@creator:x", "", json_object());
    case 'm':
        return room_event(MEMBER, "@new:x", "@new:x", json_object());
    case 'o':
        return room_event(MEMBER, "@mod:x", "@mod:x", json_object());
    case 'f':
        event = room_event("m.room.create", "@creator:x", "", json_object());
        assert_int_equal(json_object_set_new(event, "room_id", json_string("!other:x")), 0);
        return event;
    default:
        return room_event("m.room.create", "@creator:x", NULL, json_object()); /* not a state event */
    }
}

static void holds_events_to_the_selection(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        json_t *event = room_event(MEMBER, "@new:x", "@new:x", json_text(JOIN)), *auth_events[8];
        size_t count = strlen(given[i].given);
        const char *reason;
        enum err e;

        for (size_t k = 0; k < count; k++)
            auth_events[k] = auth_event(given[i].given[k]);
        e = auth_rules_check_auth_events(room_version_of(10), event, auth_events, count, &reason);
        assert_int_equal(e, given[i].reason ? ERR_DENIED : ERR_OK);
        if (given[i].reason)
            assert_string_equal(reason, given[i].reason);
        else
            assert_null(reason);
        for (size_t k = 0; k < count; k++)
            json_decref(auth_events[k]);
        json_decref(event);
    }
}

static void leaves_the_first_event_to_its_own_rule(void **state)
{
    json_t *event = room_event("m.room.create", "@creator:x", "", json_object());
    const char *reason = "unset";

    (void)state;
    assert_int_equal(auth_rules_check_auth_events(room_version_of(10), event, NULL, 0, &reason), ERR_OK);
    assert_null(reason);
    assert_int_equal(json_object_del(event, "sender"), 0);
    assert_int_equal(auth_rules_check_auth_events(room_version_of(10), event, NULL, 0, &reason), ERR_DENIED);
    assert_non_null(reason);
    json_decref(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selects_auth_events),
        cmocka_unit_test(holds_events_to_the_selection),
        cmocka_unit_test(leaves_the_first_event_to_its_own_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
