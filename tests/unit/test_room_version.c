/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "matrix/room_version.h"

/* What the specification says came in, or went out, with which version: written from its text, not from our
 * table. */
static const struct {
    const char *name;
    size_t column;
    int from, until;
} features[] = {
    {"aliases authorised", offsetof(struct room_version, aliases_authorised), 1, 5},
    {"redactions authorised", offsetof(struct room_version, redactions_authorised), 1, 2},
    {"notification levels", offsetof(struct room_version, notification_levels), 6, 12},
    {"knock", offsetof(struct room_version, knock), 7, 12},
    {"restricted", offsetof(struct room_version, restricted), 8, 12},
    {"knock_restricted", offsetof(struct room_version, knock_restricted), 10, 12},
    {"creator is the sender", offsetof(struct room_version, creator_is_sender), 11, 12},
    {"redacts in the content", offsetof(struct room_version, redacts_in_content), 11, 12},
    {"creators privileged", offsetof(struct room_version, creators_privileged), 12, 12},
};

/* What can be read, and of that what can be written. */
static const struct room_version *version_of(int number)
{
    const struct room_version *version;
    char name[8];

    snprintf(name, sizeof name, "%d", number);
    version = room_version_known(name);
    assert_ptr_equal(room_version_find(name), number <= 11 ? version : NULL);
    return version;
}

static void has_each_feature_in_its_versions(void **state)
{
    (void)state;
    for (int number = 1; number <= 12; number++) {
        const struct room_version *version = version_of(number);

        assert_non_null(version);
        assert_int_equal(version->number, number);
        for (size_t i = 0; i < sizeof features / sizeof *features; i++) {
            bool has = *(const bool *)((const char *)version + features[i].column);

            if (has != (features[i].from <= number && number <= features[i].until))
                fail_msg("room version %d: %s", number, features[i].name);
        }
        assert_int_equal(version->json, number <= 5 ? CANONICAL_JSON_LENIENT : CANONICAL_JSON_STRICT);
        assert_int_equal(version->event_id, number <= 2   ? EVENT_ID_STORED
                                            : number == 3 ? EVENT_ID_BASE64
                                                          : EVENT_ID_BASE64_URL);
        assert_int_equal(version->power_levels, number <= 5   ? POWER_LEVEL_ANY_NUMBER
                                                : number <= 9 ? POWER_LEVEL_STRING
                                                              : POWER_LEVEL_INTEGER);
    }
}

static void knows_no_others(void **state)
{
    static const char *const names[] = {"", "0", "13", "01", "1 ", "10.0", "org.matrix.msc1234"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_null(room_version_known(names[i]));
    assert_int_equal(room_version_find(NULL)->number, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_each_feature_in_its_versions),
        cmocka_unit_test(knows_no_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
