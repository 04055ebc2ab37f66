/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "matrix/id.h"

#define TEN          "aaaaaaaaaa"
#define L240         TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static void server_names(void **state)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"example.org", true},
        {"EXAMPLE.org", true},
        {"localhost", true},
        {"localhost:8448", true},
        {"xn--bcher-kva.example", true},
        {"1.2.3.4", true},
        {"1.2.3.4:1", true},
        {"[::1]", true},
        {"[::1]:8448", true},
        {"[1234:5678::abcd]:5678", true},
        {"[::ffff:1.2.3.4]", true},
        {"example.org:0", true},
        {"example.org:65535", true},
        {"example.org:00080", true},
        {L240, true},
        {"", false},
        {":8448", false},
        {"example.org:", false},
        {"example.org:65536", false},
        {"example.org:99999", false},
        {"example.org:123456", false},
        {"example.org:+80", false},
        {"example.org: 80", false},
        {"example.org:80:80", false},
        {"example.org:8a", false},
        {"exa mple.org", false},
        {"exa_mple.org", false},
        {"ex\xc3\xa4mple.org", false},
        {"example.org/x", false},
        {"[::1", false},
        {"[]", false},
        {"[", false},
        {"::1", false},
        {"[example.org]", false},
        {"[::1%eth0]", false},
        {"[::g]", false},
        {"[1::2::3]", false},
        {"[::1]x", false},
        {"[::1]80", false},
        {"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", false},
        {L240 TEN TEN, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (server_name_valid(rows[i].text) != rows[i].valid)
            fail_msg("%s", rows[i].text);
}

static void user_ids(void **state)
{
    static const struct {
        const char *text;
        const char *localpart; /* NULL: refused */
        const char *server_name;
    } rows[] = {
        {"@alice:example.org", "alice", "example.org"},
        {"@alice:example.org:8448", "alice", "example.org:8448"},
        {"@alice:[::1]:8448", "alice", "[::1]:8448"},
        {"@a/b#c:example.org", "a/b#c", "example.org"},
        /* Historical: the specification has servers accept what none may make any more. */
        {"@Alice Smith!:example.org", "Alice Smith!", "example.org"},
        {"@\xc3\xa4\xf0\x9f\x90\xb1:example.org", "\xc3\xa4\xf0\x9f\x90\xb1", "example.org"},
        {"@\x01:example.org", "\x01", "example.org"},
        {"@:example.org", "", "example.org"},
        {"@@alice:example.org", "@alice", "example.org"},
        {"@" L240 ":ab.example.or", L240, "ab.example.or"}, /* 255 bytes */
        {"@" L240 ":ab.example.org", NULL, NULL},           /* 256 */
        {"", NULL, NULL},
        {"@", NULL, NULL},
        {"@alice", NULL, NULL},
        {"@alice:", NULL, NULL},
        {"@:", NULL, NULL},
        {"alice:example.org", NULL, NULL},
        {"!alice:example.org", NULL, NULL},
        {" @alice:example.org", NULL, NULL},
        {"@alice:example.org ", NULL, NULL},
        {"@alice:exa mple.org", NULL, NULL},
        {"@alice::example.org", NULL, NULL},
        {"@al\xffice:example.org", NULL, NULL},
        {"@al\xed\xa0\x80:example.org", NULL, NULL}, /* a surrogate */
    };
    struct user_id id;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool valid = user_id_parse(rows[i].text, &id);

        if (valid != (rows[i].localpart != NULL))
            fail_msg("%s", rows[i].text);
        if (!valid)
            continue;
        assert_string_equal(id.localpart, rows[i].localpart);
        assert_string_equal(id.server_name, rows[i].server_name);
    }
}

static void localparts(void **state)
{
    static const struct {
        const char *text;
        enum localpart result;
    } rows[] = {
        {"alice", LOCALPART_OK},
        {"a", LOCALPART_OK},
        {"az09=_-./+", LOCALPART_OK},
        {"=ab", LOCALPART_OK},
        {"1a", LOCALPART_OK},
        {"a_", LOCALPART_OK},
        {L240 "aa", LOCALPART_OK},        /* 1 + 242 + 1 + 11 = 255 */
        {L240 "aaa", LOCALPART_TOO_LONG}, /* 256 */
        {"", LOCALPART_EMPTY},
        {"Alice", LOCALPART_CHARACTERS},
        {"al ice", LOCALPART_CHARACTERS},
        {"al:ice", LOCALPART_CHARACTERS},
        {"@alice", LOCALPART_CHARACTERS},
        {"us,er", LOCALPART_CHARACTERS},
        {"\xc3\xa4", LOCALPART_CHARACTERS},
        {"_alice", LOCALPART_UNDERSCORE},
        {"_", LOCALPART_UNDERSCORE},
        {"0", LOCALPART_NUMERIC},
        {"12345", LOCALPART_NUMERIC},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (localpart_check(rows[i].text, "example.org") != rows[i].result)
            fail_msg("%s", rows[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_names),
        cmocka_unit_test(user_ids),
        cmocka_unit_test(localparts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
