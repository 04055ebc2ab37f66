/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "matrix/room_id.h"

/* What follows the sigil; `before` NULL: it is refused. */
static const struct {
    const char *text, *before, *server_name;
} rows[] = {
    {"opaque:example.org", "opaque", "example.org"},
    {"a/b#c%2F:example.org:8448", "a/b#c%2F", "example.org:8448"},
    {"Grüße \n:[::1]:8448", "Grüße \n", "[::1]:8448"},
    {"", NULL, NULL},
    {":example.org", NULL, NULL},
    {"opaque", NULL, NULL},
    {"opaque:", NULL, NULL},
    {"opaque:exa mple.org", NULL, NULL},
    {"a:b:example.org", NULL, NULL},
    {"\xff:example.org", NULL, NULL},
};

static void takes_room_ids_and_aliases_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct room_alias alias;
        struct room_id id;
        char text[64] = "!";

        strcat(text, rows[i].text);
        assert_int_equal(room_id_parse(text, &id), rows[i].before != NULL);
        assert_false(room_alias_parse(text, &alias));
        text[0] = '#';
        assert_int_equal(room_alias_parse(text, &alias), rows[i].before != NULL);
        assert_false(room_id_parse(text, &id));
        if (!rows[i].before)
            continue;
        text[0] = '!';
        assert_true(room_id_parse(text, &id));
        assert_string_equal(id.opaque, rows[i].before);
        assert_string_equal(id.server_name, rows[i].server_name);
        assert_string_equal(alias.localpart, rows[i].before);
        assert_string_equal(alias.server_name, rows[i].server_name);
    }
}

static void holds_ids_to_255_bytes(void **state)
{
    char text[ID_SIZE + 1];
    struct room_id id;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "!", 1);
    strcpy(text + 251, ":a.b");
    assert_true(room_id_parse(text, &id));
    memset(text + 1, 'x', 255);
    strcpy(text + 252, ":a.b");
    assert_false(room_id_parse(text, &id));
    memset(text, 'x', sizeof text);
    text[0] = '$';
    text[255] = '\0';
    assert_true(event_id_valid(text));
    text[255] = 'x';
    text[256] = '\0';
    assert_false(event_id_valid(text));
    text[0] = '!';
    assert_false(room_id_valid(text));
    text[255] = '\0';
    assert_true(room_id_valid(text));
}

/* With or without a server name, whatever is in between. */
static void knows_room_ids(void **state)
{
    (void)state;
    assert_true(room_id_valid("!x:example.org"));
    assert_true(room_id_valid("!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM"));
    assert_true(room_id_valid("!a/b"));
    assert_false(room_id_valid("!"));
    assert_false(room_id_valid(""));
    assert_false(room_id_valid("#x:example.org"));
    assert_false(room_id_valid("!\xff"));
}

static void knows_event_ids(void **state)
{
    (void)state;
    assert_true(event_id_valid("$x:example.org"));
    assert_true(event_id_valid("$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk"));
    assert_true(event_id_valid("$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg"));
    assert_false(event_id_valid("$"));
    assert_false(event_id_valid(""));
    assert_false(event_id_valid("x"));
    assert_false(event_id_valid("$\xff"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_room_ids_and_aliases_apart),
        cmocka_unit_test(holds_ids_to_255_bytes),
        cmocka_unit_test(knows_room_ids),
        cmocka_unit_test(knows_event_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
