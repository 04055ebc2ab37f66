/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth_room.h"

static const struct auth_row rows[] = {
    /* Without m.room.create, nothing but it; a room that is not federated. */
    {1, 11, false, "m.room.message", "@user:x", NULL, "{}", WITH("m.room.create", "")},
    {1, 11, true, "m.room.message", "@other:y", NULL, "{}", USUAL},
    {1, 11, true, "m.room.message", "@other:y", NULL, "{}",
     WITH("m.room.create", "{'creator': '@creator:x', 'm.federate': true}")},
    {1, 11, false, "m.room.message", "@other:y", NULL, "{}",
     WITH("m.room.create", "{'creator': '@creator:x', 'm.federate': false}")},
    {1, 11, true, "m.room.message", "@user:x", NULL, "{}",
     WITH("m.room.create", "{'creator': '@creator:x', 'm.federate': false}")},

    /* m.room.aliases has a rule of its own until version 5; after, it is a state event like others. */
    {1, 5, true, "m.room.aliases", "@left:x", "x", "{}", USUAL},
    {1, 5, false, "m.room.aliases", "@left:x", "y", "{}", USUAL},
    {1, 5, false, "m.room.aliases", "@creator:x", NULL, "{}", USUAL},
    {6, 11, false, "m.room.aliases", "@left:x", "x", "{}", USUAL},
    {6, 11, true, "m.room.aliases", "@creator:x", "y", "{}", USUAL},

    /* Other events: joined, and enough power. */
    {1, 11, true, "m.room.message", "@user:x", NULL, "{}", USUAL},
    {1, 11, false, "m.room.message", "@new:x", NULL, "{}", USUAL},
    {1, 11, false, "m.room.message", "@invited:x", NULL, "{}", USUAL},
    {1, 11, false, "m.reaction", "@user:x", NULL, "{}", USUAL},
    {1, 11, true, "m.reaction", "@mod:x", NULL, "{}", USUAL},
    {1, 11, false, "m.room.topic", "@user:x", "", "{}", USUAL},
    {1, 11, true, "m.room.topic", "@mod:x", "", "{}", USUAL},
    {1, 11, false, "m.room.name", "@mod:x", "", "{}", USUAL},
    {1, 11, true, "m.room.name", "@creator:x", "", "{}", USUAL},
    {1, 11, false, "m.room.message", "@user:x", NULL, "{}", POWER("{'events_default': 1}")},
    {1, 11, true, "org.example", "@mod:x", "@mod:x", "{}", USUAL},
    {1, 11, false, "org.example", "@creator:x", "@mod:x", "{}", USUAL},
    {1, 11, true, "org.example", "@creator:x", "mod", "{}", USUAL},
    {1, 11, true, "m.room.third_party_invite", "@user:x", "token", "{}", USUAL},
    {1, 11, false, "m.room.third_party_invite", "@user:x", "token", "{}", POWER("{'invite': 1}")},

    /* While there are no power levels, the creator has 100. */
    {1, 10, true, "m.room.topic", "@creator:x", "", "{}", POWER("")},
    {1, 10, false, "m.room.topic", "@mod:x", "", "{}", POWER("")},
    {11, 11, true, "m.room.topic", "@creator:x", "", "{}", LEVELS, "", "m.room.create",
     "{'creator': '@mod:x'}"},
    {11, 11, false, "m.room.topic", "@mod:x", "", "{}", LEVELS, "", "m.room.create", "{'creator': '@mod:x'}"},
    {1, 10, true, "m.room.topic", "@mod:x", "", "{}", LEVELS, "", "m.room.create", "{'creator': '@mod:x'}"},

    /* m.room.redaction has a rule of its own in versions 1 and 2 (see also the test below). */
    {1, 2, false, "m.room.redaction", "@user:x", NULL, "{}", USUAL},
    {1, 2, true, "m.room.redaction", "@mod:x", NULL, "{}", USUAL},
    {3, 11, true, "m.room.redaction", "@user:x", NULL, "{}", USUAL},
};

static void allows_what_the_rules_allow(void **state)
{
    (void)state;
    room_check_rows(rows, sizeof rows / sizeof *rows);
}

/* m.room.create, with a member of the event set to something else. */
static const struct {
    int first, last;
    bool allowed;
    const char *content, *name, *value;
} creations[] = {
    {1, 11, true, "{'creator': '@creator:x', 'room_version': '10'}", "prev_events", "[]"},
    {1, 11, true, "{'creator': '@creator:x'}", "prev_events", "[]"},
    {1, 11, false, "{'creator': '@creator:x'}", "prev_events", "['$prev']"},
    {1, 11, false, "{'creator': '@creator:x'}", "room_id", "'!r:y'"},
    {1, 11, false, "{'creator': '@creator:x'}", "room_id", "'r'"},
    {1, 11, false, "{'creator': '@creator:x', 'room_version': '99'}", "prev_events", "[]"},
    {1, 11, false, "{'creator': '@creator:x', 'room_version': 10}", "prev_events", "[]"},
    {1, 10, false, "{'room_version': '10'}", "prev_events", "[]"},
    {11, 11, true, "{'room_version': '11'}", "prev_events", "[]"},
};

static void allows_the_first_event(void **state)
{
    json_t *room = json_array();

    (void)state;
    for (size_t i = 0; i < sizeof creations / sizeof *creations; i++) {
        json_t *event = room_event("m.room.create", "@creator:x", "", json_text(creations[i].content));

        assert_int_equal(json_object_set_new(event, "prev_events", json_array()), 0);
        assert_int_equal(json_object_set_new(event, creations[i].name, json_text(creations[i].value)), 0);
        for (int number = creations[i].first; number <= creations[i].last; number++) {
            const char *reason;

            if (room_allows(number, event, room, &reason) != creations[i].allowed)
                fail_msg("row %zu, room version %d: %s", i, number, reason ? reason : "allowed");
        }
        json_decref(event);
    }
    json_decref(room);
}

static void lets_users_redact_their_servers_events_in_version_1(void **state)
{
    static const struct {
        const char *redacts;
        bool allowed;
    } redactions[] = {{"$theirs:x", true}, {"$theirs:y", false}, {"$theirs", false}};
    json_t *room = room_state(&(const struct auth_row){0});

    (void)state;
    for (size_t i = 0; i < sizeof redactions / sizeof *redactions; i++) {
        json_t *event = room_event("m.room.redaction", "@user:x", NULL, json_object());
        const char *reason;

        assert_int_equal(json_object_set_new(event, "redacts", json_string(redactions[i].redacts)), 0);
        assert_int_equal(room_allows(1, event, room, &reason), redactions[i].allowed);
        assert_int_equal(room_allows(2, event, room, &reason), redactions[i].allowed);
        assert_true(room_allows(3, event, room, &reason));
        json_decref(event);
    }
    json_decref(room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_what_the_rules_allow),
        cmocka_unit_test(allows_the_first_event),
        cmocka_unit_test(lets_users_redact_their_servers_events_in_version_1),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
