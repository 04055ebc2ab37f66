/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "auth_room.h"

/* Levels that @mod:x (50) finds and leaves, with what else a row has. */
#define AFTER(content)  "{'users': {'@mod:x': 50, '@mod2:x': 50, '@up:x': 60, '@low:x': 40}, " content "}"
#define BEFORE(content) POWER(AFTER(content))
#define USERS(content)  "{'users': {" content "}}"
#define WERE            POWER(USERS("'@mod:x': 50, '@mod2:x': 50, '@up:x': 60, '@low:x': 40"))

static const struct auth_row rows[] = {
    /* m.room.power_levels: the first ones, then their form. */
    {1, 11, true, LEVELS, "@creator:x", "", "{'users': {'@creator:x': 1000}}", POWER("")},
    {1, 11, true, LEVELS, "@creator:x", "", ROOM_LEVELS, USUAL},
    {1, 11, true, LEVELS, "@creator:x", "", "{}", POWER("{'users_default': 60}")},
    {1, 11, false, LEVELS, "@user:x", "", ROOM_LEVELS, USUAL},
    {1, 11, false, LEVELS, "@creator:x", "", "{'users': []}", POWER("")},
    {1, 11, false, LEVELS, "@creator:x", "", "{'users': {'creator': 1}}", POWER("")},
    {1, 11, false, LEVELS, "@creator:x", "", "{'users': {'@creator:x': 'x'}}", POWER("")},
    {1, 9, true, LEVELS, "@creator:x", "", "{'users': {'@creator:x': '1'}}", POWER("")},
    {10, 11, false, LEVELS, "@creator:x", "", "{'users': {'@creator:x': '1'}}", POWER("")},
    {1, 5, true, LEVELS, "@creator:x", "", "{'users': {'@creator:x': 1.5}}", POWER("")},
    {6, 11, false, LEVELS, "@creator:x", "", "{'users': {'@creator:x': 1.5}}", POWER("")},
    {1, 9, true, LEVELS, "@creator:x", "", "{'ban': '50'}", POWER("")},
    {10, 11, false, LEVELS, "@creator:x", "", "{'ban': '50'}", POWER("")},
    {10, 11, false, LEVELS, "@creator:x", "", "{'invite': null}", POWER("")},
    {1, 9, true, LEVELS, "@creator:x", "", "{'events': {'a': 'x'}}", POWER("")},
    {10, 11, false, LEVELS, "@creator:x", "", "{'events': {'a': '1'}}", POWER("")},
    {10, 11, false, LEVELS, "@creator:x", "", "{'events': []}", POWER("")},
    {10, 11, false, LEVELS, "@creator:x", "", "{'notifications': {'room': '1'}}", POWER("")},
    {10, 11, true, LEVELS, "@creator:x", "", "{'notifications': {'room': 1}}", POWER("")},

    /* Changes by @mod:x (50), one at a time. */
    {1, 11, true, LEVELS, "@mod:x", "", AFTER("'ban': 50"), BEFORE("'ban': 40")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'ban': 51"), BEFORE("'ban': 40")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'ban': 50"), BEFORE("'ban': 51")},
    {1, 11, true, LEVELS, "@mod:x", "", AFTER("'ban': 51"), BEFORE("'ban': 51")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'x': 1"), BEFORE("'ban': 51")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'ban': 51"), BEFORE("'x': 1")},
    {1, 11, true, LEVELS, "@mod:x", "", AFTER("'x': 1"), BEFORE("'ban': 50")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'users_default': 51"), BEFORE("'x': 1")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'events_default': 51"), BEFORE("'x': 1")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'state_default': 51"), BEFORE("'x': 1")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'redact': 51"), BEFORE("'x': 1")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'kick': 51"), BEFORE("'x': 1")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'invite': 51"), BEFORE("'x': 1")},
    {1, 9, true, LEVELS, "@mod:x", "", AFTER("'ban': '60'"), BEFORE("'ban': 60")},
    {1, 9, false, LEVELS, "@mod:x", "", AFTER("'ban': '60'"), BEFORE("'ban': 50")},
    {1, 11, true, LEVELS, "@mod:x", "", AFTER("'events': {'a': 50}"), BEFORE("'events': {'a': 40}")},
    {1, 11, true, LEVELS, "@mod:x", "", AFTER("'events': {'a': 60}"), BEFORE("'events': {'a': 60}")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'events': {'a': 51}"), BEFORE("'events': {'a': 40}")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'events': {'a': 40}"), BEFORE("'events': {'a': 51}")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'events': {}"), BEFORE("'events': {'a': 51}")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'x': 1"), BEFORE("'events': {'a': 51}")},
    {1, 11, false, LEVELS, "@mod:x", "", AFTER("'events': {'a': 51}"), BEFORE("'events': {}")},
    {1, 5, true, LEVELS, "@mod:x", "", AFTER("'notifications': {'room': 51}"), BEFORE("'x': 1")},
    {6, 11, false, LEVELS, "@mod:x", "", AFTER("'notifications': {'room': 51}"), BEFORE("'x': 1")},
    {6, 11, false, LEVELS, "@mod:x", "", AFTER("'x': 1"), BEFORE("'notifications': {'room': 51}")},
    {1, 11, true, LEVELS, "@mod:x", "", USERS("'@mod:x': 50, '@mod2:x': 50, '@up:x': 60, '@low:x': 50"),
     WERE},
    {1, 11, false, LEVELS, "@mod:x", "", USERS("'@mod:x': 50, '@mod2:x': 50, '@up:x': 60, '@low:x': 51"),
     WERE},
    {1, 11, true, LEVELS, "@mod:x", "", USERS("'@mod:x': 50, '@mod2:x': 50, '@up:x': 60"), WERE},
    {1, 11, true, LEVELS, "@mod:x", "", USERS("'@mod:x': 10, '@mod2:x': 50, '@up:x': 60, '@low:x': 40"),
     WERE},
    {1, 11, true, LEVELS, "@mod:x", "", USERS("'@mod2:x': 50, '@up:x': 60, '@low:x': 40"), WERE},
    {1, 11, false, LEVELS, "@mod:x", "", USERS("'@mod:x': 51, '@mod2:x': 50, '@up:x': 60, '@low:x': 40"),
     WERE},
    {1, 11, false, LEVELS, "@mod:x", "", USERS("'@mod:x': 50, '@mod2:x': 49, '@up:x': 60, '@low:x': 40"),
     WERE},
    {1, 11, false, LEVELS, "@mod:x", "", USERS("'@mod:x': 50, '@up:x': 60, '@low:x': 40"), WERE},
    {1, 11, false, LEVELS, "@mod:x", "", USERS("'@mod:x': 50, '@mod2:x': 50, '@up:x': 40, '@low:x': 40"),
     WERE},
    {1, 11, true, LEVELS, "@mod:x", "",
     USERS("'@mod:x': 50, '@mod2:x': 50, '@up:x': 60, '@low:x': 40, '@new:x': 50"), WERE},
    {1, 11, false, LEVELS, "@mod:x", "",
     USERS("'@mod:x': 50, '@mod2:x': 50, '@up:x': 60, '@low:x': 40, '@new:x': 51"), WERE},
};

static void allows_what_the_rules_allow(void **state)
{
    (void)state;
    room_check_rows(rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allows_what_the_rules_allow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
