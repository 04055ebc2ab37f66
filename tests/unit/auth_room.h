/* SPDX-License-Identifier: ISC */
/* The room that the tests of the authorisation rules take place in, and how they go through their rows. */
#ifndef TESTS_AUTH_ROOM_H
#define TESTS_AUTH_ROOM_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_text.h"
#include "matrix/auth_rules.h"
#include "matrix/field.h"

#define MEMBER "m.room.member"
#define LEVELS "m.room.power_levels"

/* Who is in the room, or was; and what it has besides. */
static const char *const room_members[][2] = {
    {"@creator:x", "join"}, {"@mod:x", "join"},      {"@mod2:x", "join"},
    {"@user:x", "join"},    {"@other:y", "join"},    {"@invited:x", "invite"},
    {"@banned:x", "ban"},   {"@knocker:x", "knock"}, {"@left:x", "leave"},
};

#define ROOM_CREATE "{'creator': '@creator:x'}"
#define ROOM_RULES  "{'join_rule': 'public'}"
#define ROOM_LEVELS                                                                                          \
    "{'users': {'@creator:x': 100, '@mod:x': 50, '@mod2:x': 50, '@banned:x': 10}, 'ban': 50, 'kick': 50,"    \
    " 'redact': 50, 'invite': 0, 'events': {'m.room.name': 60, 'm.reaction': 5}}"

/* A row: the event, and whether the room versions from `first` to `last` allow it. */
struct auth_row {
    int first, last;
    bool allowed;
    const char *type, *sender, *state_key, *content; /* state_key NULL: not a state event */
    /* Types of the room's events that have another content, and that content; "": there is no such event. */
    const char *differs, *content_then, *differs_too, *content_then_too;
};

#define JOIN          "{'membership': 'join'}"
#define INVITE        "{'membership': 'invite'}"
#define LEAVE         "{'membership': 'leave'}"
#define BAN           "{'membership': 'ban'}"
#define KNOCK         "{'membership': 'knock'}"
#define VOUCHED(user) "{'membership': 'join', 'join_authorised_via_users_server': '" user "'}"

/* The end of a row: the room as it is, or with another content of one event. */
#define USUAL               NULL, NULL, NULL, NULL
#define WITH(type, content) type, content, NULL, NULL
#define RULE(rule)          WITH("m.room.join_rules", "{'join_rule': '" rule "'}")
#define POWER(content)      WITH(LEVELS, content)

/* The event of this type and state key in the array of events that `context` is. */
static inline json_t *room_get(void *context, const char *type, const char *state_key)
{
    json_t *event;
    size_t i;

    json_array_foreach((json_t *)context, i,
                       event) if (strcmp(field_string(event, "type"), type) == 0 &&
                                  strcmp(field_string(event, "state_key"), state_key) == 0) return event;
    return NULL;
}

/* In these tests, every event is signed by x. */
static inline bool room_signed_by(void *context, json_t *event, const char *server_name)
{
    (void)context;
    (void)event;
    return strcmp(server_name, "x") == 0;
}

/* An event after another one; `content` is taken over. */
static inline json_t *room_event(const char *type, const char *sender, const char *state_key, json_t *content)
{
    json_t *event = json_pack("{s:s, s:s, s:s, s:o, s:i, s:i, s:[s], s:[], s:s}", "type", type, "sender",
                              sender, "room_id", "!r:x", "content", content, "depth", 9, "origin_server_ts",
                              1, "prev_events", "$prev", "auth_events", "event_id", "$own:x");

    assert_non_null(event);
    if (state_key)
        assert_int_equal(json_object_set_new(event, "state_key", json_string(state_key)), 0);
    return event;
}

static inline void room_add(json_t *room, const char *type, const char *sender, const char *state_key,
                            const char *content)
{
    if (*content)
        assert_int_equal(json_array_append_new(room, room_event(type, sender, state_key, json_text(content))),
                         0);
}

/* The content that the event of this type has in a row. */
static inline const char *room_content(const struct auth_row *row, const char *type, const char *usual)
{
    if (row->differs && strcmp(row->differs, type) == 0)
        return row->content_then;
    if (row->differs_too && strcmp(row->differs_too, type) == 0)
        return row->content_then_too;
    return usual;
}

/* The room of a row, as an array of events. */
static inline json_t *room_state(const struct auth_row *row)
{
    json_t *room = json_array();

    room_add(room, "m.room.create", "@creator:x", "", room_content(row, "m.room.create", ROOM_CREATE));
    room_add(room, LEVELS, "@creator:x", "", room_content(row, LEVELS, ROOM_LEVELS));
    room_add(room, "m.room.join_rules", "@creator:x", "", room_content(row, "m.room.join_rules", ROOM_RULES));
    for (size_t i = 0; i < sizeof room_members / sizeof *room_members; i++) {
        char content[64];

        snprintf(content, sizeof content, "{'membership': '%s'}", room_members[i][1]);
        room_add(room, MEMBER, room_members[i][0], room_members[i][0], content);
    }
    return room;
}

static inline const struct room_version *room_version_of(int number)
{
    char name[8];

    snprintf(name, sizeof name, "%d", number);
    return room_version_find(name);
}

/* Whether the rules allow it; there is a reason exactly when they do not. */
static inline bool room_allows(int number, json_t *event, json_t *room, const char **reason)
{
    const struct auth_state state = {room_get, room_signed_by, room};
    enum err e = auth_rules_check(room_version_of(number), event, &state, reason);

    assert_true(e == ERR_OK || e == ERR_DENIED);
    assert_int_equal(*reason == NULL, e == ERR_OK);
    return e == ERR_OK;
}

static inline void room_check_rows(const struct auth_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct auth_row *row = &rows[i];
        json_t *event = room_event(row->type, row->sender, row->state_key, json_text(row->content));
        json_t *room = room_state(row);

        for (int number = row->first; number <= row->last; number++) {
            const char *reason;

            if (room_allows(number, event, room, &reason) != row->allowed)
                fail_msg("row %zu, room version %d: %s by %s: %s: %s", i, number, row->type, row->sender,
                         row->content, reason ? reason : "allowed");
        }
        json_decref(event);
        json_decref(room);
    }
}

#endif
