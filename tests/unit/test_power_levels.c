/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "json_text.h"
#include "matrix/power_levels.h"

/* How one level may be written, by room version. INT64_MIN: it may not. */
#define NO INT64_MIN
static const struct {
    const char *text;
    int64_t in_5, in_9, in_10;
} forms[] = {
    {"50", 50, 50, 50},
    {"-50", -50, -50, -50},
    {"'50'", 50, 50, NO},
    {"'+100'", 100, 100, NO},
    {"'-100'", -100, -100, NO},
    {"' 00100 '", 100, 100, NO},
    {"'\\t-7\\n'", -7, -7, NO},
    {"''", NO, NO, NO},
    {"' '", NO, NO, NO},
    {"'5 0'", NO, NO, NO},
    {"'50.0'", NO, NO, NO},
    {"'0x10'", NO, NO, NO},
    {"'1e3'", NO, NO, NO},
    {"'+-1'", NO, NO, NO},
    {"'- 1'", NO, NO, NO},
    {"'50\\u0000'", NO, NO, NO},
    {"'9223372036854775808'", NO, NO, NO},
    {"50.57", 50, NO, NO},
    {"-50.57", -50, NO, NO},
    {"5.114698E4", 51146, NO, NO},
    {"1e300", NO, NO, NO},
    {"null", NO, NO, NO},
    {"true", NO, NO, NO},
    {"[50]", NO, NO, NO},
    {"{}", NO, NO, NO},
};

static int64_t read_level(const char *version, const char *text)
{
    json_t *value = json_text(text);
    int64_t level;
    bool is = power_levels_read(room_version_find(version), value, &level);

    json_decref(value);
    return is ? level : NO;
}

static void reads_a_level_as_the_version_writes_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (read_level("5", forms[i].text) != forms[i].in_5 ||
            read_level("1", forms[i].text) != forms[i].in_5 ||
            read_level("6", forms[i].text) != forms[i].in_9 ||
            read_level("9", forms[i].text) != forms[i].in_9 ||
            read_level("10", forms[i].text) != forms[i].in_10 ||
            read_level("11", forms[i].text) != forms[i].in_10)
            fail_msg("row %zu: %s", i, forms[i].text);
    }
}

/* `content` NULL: the room has no m.room.power_levels. The levels follow the order of enum power_level. */
static const struct {
    const char *content;
    int64_t levels[POWER_LEVEL__MAX];
    int64_t creator, other, message, name, reaction, topic;
} rows[] = {
    /*      users_default … invite      creator other, to send: message, m.room.name, m.reaction, m.room.topic
     */
    {NULL, {0, 0, 50, 50, 50, 50, 0}, 100, 0, 0, 50, 0, 50},
    {"{}", {0, 0, 50, 50, 50, 50, 0}, 0, 0, 0, 50, 0, 50},
    {"{'users_default': 1, 'events_default': 2, 'state_default': 3, 'ban': 4, 'redact': 5, 'kick': 6, "
     "'invite': 7}",
     {1, 2, 3, 4, 5, 6, 7},
     1,
     1,
     2,
     3,
     2,
     3},
    {"{'users': {'@creator:x': 60, '@other:x': -1}, 'events': {'m.room.name': 70, 'm.reaction': -2}}",
     {0, 0, 50, 50, 50, 50, 0},
     60,
     -1,
     0,
     70,
     -2,
     50},
    {"{'users': {'@other:x': 10}, 'users_default': 5, 'events': {'m.room.message': 9}, 'events_default': 1}",
     {5, 1, 50, 50, 50, 50, 0},
     5,
     10,
     9,
     50,
     1,
     50},
    /* What cannot be read counts as absent. */
    {"{'users': {'@other:x': '10'}, 'users_default': 'x', 'ban': null, 'events': [], 'kick': 1.5}",
     {0, 0, 50, 50, 50, 50, 0},
     0,
     0,
     0,
     50,
     0,
     50},
    {"{'users': 'x', 'events': {'m.room.name': {}}}", {0, 0, 50, 50, 50, 50, 0}, 0, 0, 0, 50, 0, 50},
};

static void gives_levels_and_their_defaults(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *content = rows[i].content ? json_text(rows[i].content) : NULL;
        const struct power_levels levels = {
            .version = room_version_find("10"), .content = content, .creator = "@creator:x"};

        for (enum power_level which = 0; which < POWER_LEVEL__MAX; which++)
            if (power_levels_get(&levels, which) != rows[i].levels[which])
                fail_msg("row %zu: %s", i, power_levels_name(which));
        assert_int_equal(power_levels_of_user(&levels, "@creator:x"), rows[i].creator);
        assert_int_equal(power_levels_of_user(&levels, "@other:x"), rows[i].other);
        assert_int_equal(power_levels_to_send(&levels, "m.room.message", false), rows[i].message);
        assert_int_equal(power_levels_to_send(&levels, "m.room.name", true), rows[i].name);
        assert_int_equal(power_levels_to_send(&levels, "m.reaction", false), rows[i].reaction);
        assert_int_equal(power_levels_to_send(&levels, "m.room.topic", true), rows[i].topic);
        json_decref(content);
    }
}

static void gives_nobody_a_hundred_without_a_creator(void **state)
{
    const struct power_levels levels = {.version = room_version_find("10")};

    (void)state;
    assert_int_equal(power_levels_of_user(&levels, "@creator:x"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_level_as_the_version_writes_it),
        cmocka_unit_test(gives_levels_and_their_defaults),
        cmocka_unit_test(gives_nobody_a_hundred_without_a_creator),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
