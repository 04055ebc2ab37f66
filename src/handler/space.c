/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "handler/space.h"
#include "matrix/field.h"
#include "store/memberships.h"
#include "store/room_state.h"

#define ORDER_MAX 50 /* characters of a child's order */

/* What an entry says: a member of the content of a state event. */
static const struct {
    const char *type, *member, *name;
} facts[] = {
    {"m.room.name", "name", "name"},
    {"m.room.topic", "topic", "topic"},
    {"m.room.canonical_alias", "alias", "canonical_alias"},
    {"m.room.avatar", "url", "avatar_url"},
    {"m.room.create", "type", "room_type"},
    {"m.room.encryption", "algorithm", "encryption"},
    {"m.room.join_rules", "join_rule", "join_rule"},
};

/* The same of what is true or not. */
static const struct {
    const char *type, *member, *value, *name;
} truths[] = {
    {"m.room.history_visibility", "history_visibility", "world_readable", "world_readable"},
    {"m.room.guest_access", "guest_access", "can_join", "guest_can_join"},
};

static enum err add_state(const struct room_state_event *event, void *context)
{
    json_t *json = json_loads(event->json, JSON_ALLOW_NUL, NULL);
    enum err e = json_is_object(json) && json_array_append(context, json) < 0 ? ERR_NOMEM : ERR_OK;

    json_decref(json);
    return e;
}

/* The events of a type in a room's state, as a new array. */
static enum err read_state(struct call *call, const char *room_id, const char *type, json_t **events)
{
    struct room_state_walk walk = {.room_id = room_id, .type = type};
    enum err e = ERR_OK;

    *events = json_array();
    while (!e && !walk.done)
        e = room_state_next(call->app->db, &walk, call->arena, add_state, *events);
    return e;
}

/* The content of the event with no state key, as a new reference; NULL when there is none. */
static enum err read_content(struct call *call, const char *room_id, const char *type, json_t **content)
{
    json_t *events;
    enum err e = read_state(call, room_id, type, &events);
    const json_t *first = json_array_get(events, 0);
    const char *state_key = field_string(first, "state_key");

    *content = state_key && !*state_key ? json_incref(field_object(first, "content")) : NULL;
    json_decref(events);
    return e;
}

static enum err set(json_t *entry, const char *name, json_t *value)
{
    return json_object_set_new(entry, name, value) < 0 ? ERR_NOMEM : ERR_OK;
}

/* The rooms whose members may join, if the rules name such rooms. */
static enum err add_allowed(const json_t *rules, json_t *entry)
{
    const char *rule = field_string(rules, "join_rule");
    const json_t *allow = json_object_get(rules, "allow");
    json_t *rooms;

    if (!rule || (strcmp(rule, "restricted") != 0 && strcmp(rule, "knock_restricted") != 0))
        return ERR_OK;
    rooms = json_array();
    for (size_t i = 0; i < json_array_size(allow); i++) {
        const json_t *item = json_array_get(allow, i);
        const char *type = field_string(item, "type"), *room_id = field_string(item, "room_id");

        if (type && room_id && strcmp(type, "m.room_membership") == 0 &&
            json_array_append_new(rooms, json_string(room_id)) < 0) {
            json_decref(rooms);
            return ERR_NOMEM;
        }
    }
    return set(entry, "allowed_room_ids", rooms);
}

static enum err add_facts(struct call *call, const char *room_id, json_t *entry)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < sizeof facts / sizeof *facts; i++) {
        json_t *content;
        const char *text;

        e = read_content(call, room_id, facts[i].type, &content);
        text = field_string(content, facts[i].member);
        if (!e && text && *text)
            e = set(entry, facts[i].name, json_string(text));
        if (!e)
            e = add_allowed(content, entry);
        json_decref(content);
    }
    for (size_t i = 0; !e && i < sizeof truths / sizeof *truths; i++) {
        json_t *content;
        const char *text;

        e = read_content(call, room_id, truths[i].type, &content);
        text = field_string(content, truths[i].member);
        if (!e)
            e = set(entry, truths[i].name, json_boolean(text && strcmp(text, truths[i].value) == 0));
        json_decref(content);
    }
    return e;
}

enum err space_room(struct call *call, const struct room_row *room, json_t *children, json_t **entry)
{
    struct membership_counts counts;
    enum err e = memberships_count(call->app->db, room->nid, &counts);

    *entry = NULL;
    if (e)
        return e;
    *entry = json_pack("{s:s, s:s, s:I, s:O}", "room_id", room->id, "room_version", room->version,
                       "num_joined_members", (json_int_t)counts.joined, "children_state", children);
    return *entry ? add_facts(call, room->id, *entry) : ERR_NOMEM;
}

/* "A child without servers to join it by counts for none." */
static bool has_via(const json_t *content)
{
    const json_t *via = json_object_get(content, "via");

    for (size_t i = 0; i < json_array_size(via); i++)
        if (!json_is_string(json_array_get(via, i)))
            return false;
    return json_array_size(via) > 0;
}

/* Where a child stands among others; NULL: after those that have such an order, by time. */
static const char *order_of(const json_t *child)
{
    const char *order = field_string(field_object(child, "content"), "order");

    if (!order || strlen(order) > ORDER_MAX)
        return NULL;
    for (const char *at = order; *at; at++)
        if (*at < ' ' || *at > '~')
            return NULL;
    return order;
}

/* "Ordering of children within a space" */
static int compare_children(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    const char *order_x = order_of(x), *order_y = order_of(y);
    json_int_t time_x = 0, time_y = 0;
    int order = order_x && order_y ? strcmp(order_x, order_y) : !order_x - !order_y;

    (void)field_integer(x, "origin_server_ts", &time_x);
    (void)field_integer(y, "origin_server_ts", &time_y);
    if (order == 0)
        order = (time_x > time_y) - (time_x < time_y);
    return order ? order : strcmp(field_string(x, "state_key"), field_string(y, "state_key"));
}

/* What is shown of a child's event. */
static json_t *strip(const json_t *child)
{
    static const char *const kept[] = {"type", "state_key", "content", "sender", "origin_server_ts"};
    json_t *stripped = json_object();

    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (json_object_get(child, kept[i]) &&
            json_object_set(stripped, kept[i], json_object_get(child, kept[i])) < 0) {
            json_decref(stripped);
            return NULL;
        }
    return stripped;
}

enum err space_children(struct call *call, const char *room_id, json_t **children)
{
    json_t *events;
    enum err e = read_state(call, room_id, "m.space.child", &events);
    json_t **valid = calloc(json_array_size(events) + 1, sizeof *valid);
    size_t count = 0;

    *children = json_array();
    if (!e && !valid)
        e = ERR_NOMEM;
    for (size_t i = 0; !e && i < json_array_size(events); i++) {
        json_t *child = json_array_get(events, i);

        if (has_via(field_object(child, "content")) && field_string(child, "state_key"))
            valid[count++] = child;
    }
    if (!e)
        qsort(valid, count, sizeof(json_t *), compare_children);
    for (size_t i = 0; !e && i < count; i++)
        e = json_array_append_new(*children, strip(valid[i])) < 0 ? ERR_NOMEM : ERR_OK;
    free(valid);
    json_decref(events);
    return e;
}
