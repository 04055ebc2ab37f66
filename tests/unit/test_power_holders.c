/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "json_text.h"
#include "matrix/power_holders.h"

#define CREATOR "@creator:x"

struct row {
    const char *version;
    const char *content; /* "": there is no event */
    const char *holders; /* each with a space after it */
};

static void the_strongest_of_a_server_come_first(void **state)
{
    static const struct row rows[] = {
        {"10", "", CREATOR "=100 "},
        {"10", "{}", ""}, /* the event is there, and nobody is named: not the creator either */
        {"10", "{'users': {}}", ""},
        {"10", "{'users': 1}", ""},
        {"10", "{'users': {'@a:x': 50, '@b:x': 100, '@c:x': 50}}", "@b:x=100 @a:x=50 @c:x=50 "},
        {"10", "{'users': {'@a:y': 100, '@a:x': 1, '@a:x:1': 2, 'a:x': 3}}", "@a:x=1 "},
        {"10", "{'users': {'@a:x': -5}, 'users_default': 10}", "@a:x=-5 "},
        {"9", "{'users': {'@a:x': '7', '@b:x': 8}}", "@b:x=8 @a:x=7 "}, /* a level as a string */
        {"10", "{'users': {'@a:x': '7', '@b:x': -1}}", "@a:x=0 @b:x=-1 "},
        {"5", "{'users': {'@a:x': 7.9, '@b:x': 7}}", "@a:x=7 @b:x=7 "},
        /* creators whom no event names */
        {"12", "", "@co:x=9223372036854775807 " CREATOR "=9223372036854775807 "},
        {"12", "{'users': {'@a:x': 100}}",
         "@co:x=9223372036854775807 " CREATOR "=9223372036854775807 @a:x=100 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *content = *rows[i].content ? json_text(rows[i].content) : NULL;
        json_t *create = json_text("{'sender': '" CREATOR "', 'content': {'creator': '" CREATOR
                                   "', 'additional_creators': ['@co:x', '@co:y', 7]}}");
        struct power_levels levels = {.version = room_version_known(rows[i].version), .content = content};
        struct arena *arena = arena_new();
        struct power_holder *holders;
        const char *all = "";
        size_t count;

        power_levels_take_creators(&levels, create);
        assert_int_equal(power_holders(&levels, "x", arena, &holders, &count), ERR_OK);
        for (size_t k = 0; k < count; k++)
            all = arena_printf(arena, "%s%s=%lld ", all, holders[k].user_id, (long long)holders[k].level);
        assert_string_equal(all, rows[i].holders);
        arena_free(&arena);
        json_decref(create);
        json_decref(content);
    }
}

static void a_level_is_granted_and_the_rest_stays(void **state)
{
    static const struct {
        const char *version, *before, *after;
    } rows[] = {
        {"10", "", "{'users': {'@creator:x': 100, '@new:y': 100}}"},
        {"10", "{}", "{'users': {'@new:y': 100}}"},
        {"10", "{'ban': 7, 'users': {'@a:x': 100, '@new:y': 5}}",
         "{'ban': 7, 'users': {'@a:x': 100, '@new:y': 100}}"},
        {"10", "{'users': 'none'}", "{'users': {'@new:y': 100}}"},
        {"12", "", "{'users': {'@new:y': 100}}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *before = *rows[i].before ? json_text(rows[i].before) : NULL, *was = json_deep_copy(before);
        const struct power_levels levels = {
            .version = room_version_known(rows[i].version), .content = before, .creator = CREATOR};
        json_t *after = power_levels_granting(&levels, "@new:y", 100), *wanted = json_text(rows[i].after);

        assert_true(json_equal(after, wanted));
        assert_true(!before || json_equal(before, was));
        json_decref(before);
        json_decref(was);
        json_decref(after);
        json_decref(wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_strongest_of_a_server_come_first),
        cmocka_unit_test(a_level_is_granted_and_the_rest_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
