/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "json_text.h"
#include "matrix/client_event.h"

#define PDU                                                                                                  \
    "'auth_events': ['$a'], 'depth': 3, 'hashes': {}, 'origin': 's', 'origin_server_ts': 400,"               \
    " 'prev_events': ['$p'], 'room_id': '!stored:s', 'signatures': {}, '_event_id': '$x', '_room_version': " \
    "'10'"
#define SHOWN                                                                                                \
    "'event_id': '$e', 'room_id': '!r:s', 'origin_server_ts': 400, 'age': 600, 'sender': '@u:s', "           \
    "'user_id': '@u:s'"
#define REDACTION                                                                                            \
    "'type': 'm.room.redaction', 'sender': '@m:s', 'origin_server_ts': 700, 'content': {'reason': 'spam'},"  \
    " 'redacts': '$e', 'event_id': '$r'"
#define REDACTION_SHOWN                                                                                      \
    "'redacted_because': {'type': 'm.room.redaction', 'sender': '@m:s', 'user_id': '@m:s', 'event_id': "     \
    "'$r',"                                                                                                  \
    " 'room_id': '!r:s', 'origin_server_ts': 700, 'age': 300, 'redacts': '$e', 'unsigned': {'age': 300},"    \
    " 'content': {'reason': 'spam', 'redacts': '$e'}}"

/* An event, and how clients see it in room version 10. */
static const struct {
    const char *event, *shown;
} rows[] = {
    {"{" PDU ", 'type': 'm.room.message', 'sender': '@u:s', 'content': {'body': 'b'}}",
     "{" SHOWN ", 'type': 'm.room.message', 'content': {'body': 'b'}, 'unsigned': {'age': 600}}"},
    {"{" PDU ", 'type': 'm.room.name', 'state_key': '', 'sender': '@u:s', 'content': {}}",
     "{" SHOWN ", 'type': 'm.room.name', 'state_key': '', 'content': {}, 'unsigned': {'age': 600}}"},
    /* What another server says of the age is of its clock; what is said of the state before stays. */
    {"{" PDU ", 'type': 'm.room.name', 'state_key': '', 'sender': '@u:s', 'content': {},"
     " 'unsigned': {'age': 5, 'age_ts': 6, 'prev_sender': '@p:s', 'prev_content': {'name': 'n'}, 'x': 1, "
     "'invite_room_state': []}}",
     "{" SHOWN ", 'type': 'm.room.name', 'state_key': '', 'content': {}, 'prev_content': {'name': 'n'},"
     " 'unsigned': {'age': 600, 'prev_sender': '@p:s', 'prev_content': {'name': 'n'}, 'x': 1}}"},
    {"{" PDU ", 'type': 'm.room.redaction', 'sender': '@u:s', 'content': {'reason': 'r'}, 'redacts': '$o'}",
     "{" SHOWN ", 'type': 'm.room.redaction', 'content': {'reason': 'r', 'redacts': '$o'}, 'redacts': '$o',"
     " 'unsigned': {'age': 600}}"},
    {"{" PDU ", 'type': 'm.room.redaction', 'sender': '@u:s', 'content': {'redacts': '$o'}}",
     "{" SHOWN ", 'type': 'm.room.redaction', 'content': {'redacts': '$o'}, 'redacts': '$o', 'unsigned': "
     "{'age': 600}}"},
    /* Redacted as it is stored, and not. */
    {"{" PDU ", 'type': 'm.room.message', 'sender': '@u:s', 'content': {}, 'unsigned': {'redacted_because': "
     "{" REDACTION "}}}",
     "{" SHOWN ", 'type': 'm.room.message', 'content': {}, " REDACTION_SHOWN ", 'unsigned': {'age': 600,"
     " 'redacted_by': '$r', " REDACTION_SHOWN "}}"},
    {"{" PDU ", 'type': 'm.room.message', 'sender': '@u:s', 'content': {'body': 'b'},"
     " 'unsigned': {'redacted_because': {" REDACTION "}}}",
     "{" SHOWN ", 'type': 'm.room.message', 'content': {}, " REDACTION_SHOWN ", 'unsigned': {'age': 600,"
     " 'redacted_by': '$r', " REDACTION_SHOWN "}}"},
    /* As Dendrite's roomserver keeps it. */
    {"{" PDU ", 'type': 'm.room.message', 'sender': '@u:s', 'content': {},"
     " 'unsigned': {'redacted_because': {'EventNID': 7, 'PDU': {" REDACTION "}}}}",
     "{" SHOWN ", 'type': 'm.room.message', 'content': {}, " REDACTION_SHOWN ", 'unsigned': {'age': 600,"
     " 'redacted_by': '$r', " REDACTION_SHOWN "}}"},
    /* What no server sends does no harm. */
    {"{'content': [], 'unsigned': 1, 'redacts': '$o', 'sender': 1, 'origin_server_ts': 'x'}",
     "{'event_id': '$e', 'room_id': '!r:s', 'content': [], 'sender': 1, 'origin_server_ts': 'x', 'unsigned': "
     "{}}"},
    {"{'type': 'm.room.message', 'content': {'body': 'b'}, 'unsigned': {'redacted_because': 1}}",
     "{'type': 'm.room.message', 'event_id': '$e', 'room_id': '!r:s', 'content': {'body': 'b'},"
     " 'redacted_because': 1, 'unsigned': {'redacted_because': 1}}"},
    {"{}", "{'event_id': '$e', 'room_id': '!r:s', 'unsigned': {}}"},
};

static json_t *show(const char *text, struct client_event about, const char *version)
{
    json_t *event = json_text(text), *before = json_deep_copy(event), *shown;

    about.version = room_version_find(version);
    shown = client_event_new(event, &about);
    assert_non_null(shown);
    assert_true(json_equal(event, before));
    json_decref(event);
    json_decref(before);
    return shown;
}

static void shows_what_clients_may_see(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *shown =
            show(rows[i].event, (struct client_event){.id = "$e", .room_id = "!r:s", .now = 1000}, "10");
        json_t *wanted = json_text(rows[i].shown);

        if (!json_equal(shown, wanted))
            fail_msg("row %zu: %s", i, json_dumps(shown, JSON_SORT_KEYS));
        json_decref(shown);
        json_decref(wanted);
    }
}

static void says_what_was_replaced(void **state)
{
    static const char before[] = "{'sender': '@p:s', 'content': {'name': 'old'}}";
    json_t *replaced = json_text(before);
    struct client_event about = {
        .id = "$e", .room_id = "!r:s", .replaces = "$old", .replaced_event = replaced};
    json_t *shown = show("{'type': 'm.room.name', 'state_key': '', 'content': {}}", about, "10");
    json_t *own =
        show("{'type': 'm.room.name', 'content': {}, 'unsigned': {'replaces_state': '$own'}}", about, "10");
    json_t *wanted = json_text(
        "{'type': 'm.room.name', 'state_key': '', 'content': {}, 'event_id': '$e', 'room_id': '!r:s',"
        " 'replaces_state': '$old', 'prev_content': {'name': 'old'},"
        " 'unsigned': {'replaces_state': '$old', 'prev_content': {'name': 'old'}, 'prev_sender': '@p:s'}}");

    (void)state;
    assert_true(json_equal(shown, wanted));
    assert_string_equal(json_string_value(json_object_get(own, "replaces_state")), "$own");
    assert_null(json_object_get(own, "prev_content"));
    json_decref(shown);
    json_decref(own);
    json_decref(wanted);
    json_decref(replaced);
}

/* Dendrite's redactions have no id, but the headered one's. */
static void names_the_redaction(void **state)
{
    static const char event[] =
        "{'type': 'm.room.message', 'content': {}, 'unsigned': {'redacted_because': {%s"
        "'type': 'm.room.redaction', 'room_id': '!r:s', 'sender': '@m:s', 'content': {}}}}";
    static const struct {
        const char *member, *version, *prefix;
    } ids[] = {
        {"'_event_id': '$r', ", "10", "$r"},
        {"", "10", "$"},
        {"", "unknown", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char text[512];
        const char *id;
        json_t *shown;

        snprintf(text, sizeof text, event, ids[i].member);
        shown = show(text, (struct client_event){.id = "$e", .room_id = "!r:s"}, ids[i].version);
        id = json_string_value(json_object_get(json_object_get(shown, "unsigned"), "redacted_by"));
        if (ids[i].prefix)
            assert_true(id && strncmp(id, ids[i].prefix, strlen(ids[i].prefix)) == 0 &&
                        (ids[i].member[0] || strlen(id) == 44));
        else
            assert_null(id);
        json_decref(shown);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_clients_may_see),
        cmocka_unit_test(says_what_was_replaced),
        cmocka_unit_test(names_the_redaction),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
