/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth_room.h"
#include "matrix/event.h"

static const struct auth_row rows[] = {
    /* m.room.member without what it needs. */
    {1, 11, false, MEMBER, "@user:x", NULL, JOIN, USUAL},
    {1, 11, false, MEMBER, "@user:x", "@user:x", "{}", USUAL},
    {1, 11, false, MEMBER, "@user:x", "@user:x", "{'membership': 'fan'}", USUAL},
    {1, 11, false, MEMBER, "@user:x", "@user:x", "{'membership': 1}", USUAL},
    {1, 11, false, MEMBER, "@new:x", "@new:x", "{'membership': 'join\\u0000'}", RULE("public")},

    /* join */
    {1, 11, true, MEMBER, "@new:x", "@new:x", JOIN, RULE("public")},
    {1, 11, true, MEMBER, "@left:x", "@left:x", JOIN, RULE("public")},
    {1, 11, true, MEMBER, "@user:x", "@user:x", JOIN, RULE("public")},
    {1, 11, false, MEMBER, "@banned:x", "@banned:x", JOIN, RULE("public")},
    {1, 11, false, MEMBER, "@creator:x", "@new:x", JOIN, RULE("public")},
    {1, 11, true, MEMBER, "@invited:x", "@invited:x", JOIN, RULE("invite")},
    {1, 11, true, MEMBER, "@user:x", "@user:x", JOIN, RULE("invite")},
    {1, 11, false, MEMBER, "@new:x", "@new:x", JOIN, RULE("invite")},
    {1, 11, false, MEMBER, "@knocker:x", "@knocker:x", JOIN, RULE("invite")},
    {1, 11, false, MEMBER, "@new:x", "@new:x", JOIN, WITH("m.room.join_rules", "")},
    {1, 11, true, MEMBER, "@invited:x", "@invited:x", JOIN, WITH("m.room.join_rules", "")},
    {1, 11, false, MEMBER, "@invited:x", "@invited:x", JOIN, RULE("private")},
    {1, 6, false, MEMBER, "@invited:x", "@invited:x", JOIN, RULE("knock")},
    {7, 11, true, MEMBER, "@invited:x", "@invited:x", JOIN, RULE("knock")},
    {7, 11, false, MEMBER, "@knocker:x", "@knocker:x", JOIN, RULE("knock")},
    {1, 7, false, MEMBER, "@invited:x", "@invited:x", JOIN, RULE("restricted")},
    {8, 11, true, MEMBER, "@invited:x", "@invited:x", JOIN, RULE("restricted")},
    {8, 11, false, MEMBER, "@new:x", "@new:x", JOIN, RULE("restricted")},
    {8, 11, true, MEMBER, "@new:x", "@new:x", VOUCHED("@user:x"), RULE("restricted")},
    {8, 11, false, MEMBER, "@new:x", "@new:x", VOUCHED("@left:x"), RULE("restricted")},
    {8, 11, false, MEMBER, "@new:x", "@new:x", VOUCHED("x"), RULE("restricted")},
    {8, 11, false, MEMBER, "@new:x", "@new:x",
     "{'membership': 'join', 'join_authorised_via_users_server': 1}", RULE("restricted")},
    {8, 11, false, MEMBER, "@new:x", "@new:x", VOUCHED("@other:y"), RULE("restricted")},
    {8, 11, false, MEMBER, "@banned:x", "@banned:x", VOUCHED("@user:x"), RULE("restricted")},
    {8, 11, false, MEMBER, "@new:x", "@new:x", VOUCHED("@other:y"), RULE("public")},
    {1, 7, true, MEMBER, "@new:x", "@new:x", VOUCHED("@other:y"), RULE("public")},
    {1, 9, false, MEMBER, "@invited:x", "@invited:x", JOIN, RULE("knock_restricted")},
    {10, 11, true, MEMBER, "@invited:x", "@invited:x", JOIN, RULE("knock_restricted")},
    {10, 11, true, MEMBER, "@new:x", "@new:x", VOUCHED("@user:x"), RULE("knock_restricted")},
    {10, 11, false, MEMBER, "@new:x", "@new:x", JOIN, RULE("knock_restricted")},
    {8, 11, false, MEMBER, "@new:x", "@new:x", VOUCHED("@user:x"), "m.room.join_rules",
     "{'join_rule': 'restricted'}", LEVELS, "{'invite': 1}"},

    /* invite */
    {1, 11, true, MEMBER, "@user:x", "@new:x", INVITE, USUAL},
    {1, 11, true, MEMBER, "@user:x", "@invited:x", INVITE, USUAL},
    {1, 11, true, MEMBER, "@user:x", "@knocker:x", INVITE, USUAL},
    {1, 11, false, MEMBER, "@user:x", "@other:y", INVITE, USUAL},
    {1, 11, false, MEMBER, "@creator:x", "@banned:x", INVITE, USUAL},
    {1, 11, false, MEMBER, "@invited:x", "@new:x", INVITE, USUAL},
    {1, 11, false, MEMBER, "@left:x", "@new:x", INVITE, USUAL},
    {1, 11, false, MEMBER, "@user:x", "@new:x", INVITE, POWER("{'invite': 1}")},
    {1, 11, true, MEMBER, "@user:x", "@new:x", INVITE, POWER("{'invite': 1, 'users_default': 1}")},

    /* leave */
    {1, 11, true, MEMBER, "@user:x", "@user:x", LEAVE, USUAL},
    {1, 11, true, MEMBER, "@invited:x", "@invited:x", LEAVE, USUAL},
    {1, 6, false, MEMBER, "@knocker:x", "@knocker:x", LEAVE, USUAL},
    {7, 11, true, MEMBER, "@knocker:x", "@knocker:x", LEAVE, USUAL},
    {1, 11, false, MEMBER, "@left:x", "@left:x", LEAVE, USUAL},
    {1, 11, false, MEMBER, "@banned:x", "@banned:x", LEAVE, USUAL},
    {1, 11, false, MEMBER, "@new:x", "@new:x", LEAVE, USUAL},
    {1, 11, true, MEMBER, "@mod:x", "@user:x", LEAVE, USUAL},
    {1, 11, true, MEMBER, "@mod:x", "@invited:x", LEAVE, USUAL},
    {1, 11, true, MEMBER, "@mod:x", "@banned:x", LEAVE, USUAL},
    {1, 11, false, MEMBER, "@user:x", "@other:y", LEAVE, USUAL},
    {1, 11, false, MEMBER, "@mod:x", "@mod2:x", LEAVE, USUAL},
    {1, 11, false, MEMBER, "@mod:x", "@creator:x", LEAVE, USUAL},
    {1, 11, true, MEMBER, "@creator:x", "@mod:x", LEAVE, USUAL},
    {1, 11, false, MEMBER, "@left:x", "@user:x", LEAVE, POWER("{'users': {'@left:x': 100}}")},
    {1, 11, false, MEMBER, "@mod:x", "@banned:x", LEAVE, POWER("{'users': {'@mod:x': 50}, 'ban': 51}")},
    {1, 11, true, MEMBER, "@mod:x", "@user:x", LEAVE, POWER("{'users': {'@mod:x': 50}, 'ban': 51}")},

    /* ban */
    {1, 11, true, MEMBER, "@mod:x", "@user:x", BAN, USUAL},
    {1, 11, true, MEMBER, "@mod:x", "@new:x", BAN, USUAL},
    {1, 11, false, MEMBER, "@mod:x", "@mod2:x", BAN, USUAL},
    {1, 11, false, MEMBER, "@mod:x", "@mod:x", BAN, USUAL},
    {1, 11, false, MEMBER, "@user:x", "@new:x", BAN, USUAL},
    {1, 11, false, MEMBER, "@left:x", "@user:x", BAN, POWER("{'users': {'@left:x': 100}}")},

    /* knock */
    {1, 6, false, MEMBER, "@new:x", "@new:x", KNOCK, RULE("knock")},
    {7, 11, true, MEMBER, "@new:x", "@new:x", KNOCK, RULE("knock")},
    {7, 11, true, MEMBER, "@left:x", "@left:x", KNOCK, RULE("knock")},
    {7, 11, true, MEMBER, "@knocker:x", "@knocker:x", KNOCK, RULE("knock")},
    {7, 11, false, MEMBER, "@invited:x", "@invited:x", KNOCK, RULE("knock")},
    {7, 11, false, MEMBER, "@user:x", "@user:x", KNOCK, RULE("knock")},
    {7, 11, false, MEMBER, "@banned:x", "@banned:x", KNOCK, RULE("knock")},
    {7, 11, false, MEMBER, "@user:x", "@new:x", KNOCK, RULE("knock")},
    {7, 11, false, MEMBER, "@new:x", "@new:x", KNOCK, RULE("invite")},
    {7, 9, false, MEMBER, "@new:x", "@new:x", KNOCK, RULE("knock_restricted")},
    {10, 11, true, MEMBER, "@new:x", "@new:x", KNOCK, RULE("knock_restricted")},
};

static void allows_what_the_rules_allow(void **state)
{
    (void)state;
    room_check_rows(rows, sizeof rows / sizeof *rows);
}

/* The creator's first join, in a room with nothing but m.room.create. */
static void lets_the_creator_join_first(void **state)
{
    (void)state;
    for (int number = 1; number <= 11; number++) {
        json_t *whole = room_state(&(const struct auth_row){0}),
               *create = room_get(whole, "m.room.create", "");
        json_t *room = json_pack("[O]", create),
               *event = room_event(MEMBER, "@creator:x", "@creator:x", json_text(JOIN));
        char create_id[ID_SIZE];
        const char *reason;

        assert_false(room_allows(number, event, room, &reason)); /* after another event */
        assert_int_equal(event_id_of(room_version_of(number), create, create_id), ERR_OK);
        assert_int_equal(json_object_set_new(event, "prev_events",
                                             number <= 2 ? json_pack("[[s,{s:s}]]", create_id, "sha256", "x")
                                                         : json_pack("[s]", create_id)),
                         0);
        assert_true(room_allows(number, event, room, &reason));
        assert_int_equal(json_array_append_new(json_object_get(event, "prev_events"), json_string("$b")), 0);
        assert_false(room_allows(number, event, room, &reason));
        assert_int_equal(json_array_remove(json_object_get(event, "prev_events"), 1), 0);
        assert_int_equal(json_object_set_new(event, "sender", json_string("@mod:x")), 0);
        assert_int_equal(json_object_set_new(event, "state_key", json_string("@mod:x")), 0);
        assert_false(room_allows(number, event, room, &reason));
        json_decref(whole);
        json_decref(room);
        json_decref(event);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_what_the_rules_allow),
        cmocka_unit_test(lets_the_creator_join_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
