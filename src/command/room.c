/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/utf8.h"
#include "command/console.h"
#include "command/context.h"
#include "command/listing.h"
#include "command/room.h"
#include "matrix/field.h"
#include "matrix/id.h"
#include "store/memberships.h"
#include "store/rooms.h"
#include "store/sync.h"

/* What is wrong when an act fails. */
static const struct context_words words[] = {
    {ERR_NOT_FOUND, "there is no such user or room"},
    {ERR_DENIED, "the room does not let this user"},
    {ERR_INVALID, "the room's version is not known"},
    {ERR_OK, NULL},
};

/* Whether the value of an option can be the text of an event; says what is wrong. */
static bool is_text(const struct invocation *invocation, const char *text)
{
    if (!text || utf8_valid(text, strlen(text)))
        return true;
    console_error(invocation, "a text is not UTF-8");
    return false;
}

int command_room_create(const struct invocation *invocation)
{
    struct new_room room = {
        .name = invocation->value[OPTION_NAME],
        .topic = invocation->value[OPTION_TOPIC],
        .is_public = invocation->given[OPTION_PUBLIC],
    };
    const char *room_id;
    struct context context;
    int code = COMMAND_FAILED;
    enum err e;

    if (!is_text(invocation, room.name) || !is_text(invocation, room.topic))
        return COMMAND_FAILED;
    e = context_open(&context, invocation);
    if (e || !(room.creator = context_local_user(&context, invocation->operand)))
        goto out;
    e = homeserver_create_room(&context.homeserver, &room, context.arena, &room_id);
    if (e) {
        context_failed(&context, words, e);
        goto out;
    }
    puts(room_id);
    code = console_finish(invocation);
out:
    context_close(&context);
    return code;
}

static enum err list_one(const struct room_summary *room, void *context)
{
    struct listing *listing = context;
    char safe[2 * ID_SIZE];

    if (listing->array)
        return json_array_append_new(listing->array,
                                     json_pack("{s:s, s:s, s:I, s:I, s:I}", "room_id", room->id, "version",
                                               room->version, "joined_members", (json_int_t)room->joined,
                                               "joined_local_members", (json_int_t)room->local,
                                               "forward_extremities", (json_int_t)room->extremities))
                   ? ERR_NOMEM
                   : ERR_OK;
    console_safe(room->id, safe, sizeof safe);
    printf("%-48s %-4s %" PRId64 "\n", safe, room->version, room->joined);
    return ERR_OK;
}

static enum err list_all(struct context *context, struct listing *listing, const void *what)
{
    (void)what;
    return rooms_list(context->db, list_one, listing);
}

int command_room_list(const struct invocation *invocation)
{
    return listing_command(invocation, list_all, NULL);
}

/* What `room show` tells of the state: a text in the content of an event with the state key "". */
static const struct {
    const char *name; /* in the answer */
    const char *type;
    const char *member; /* of the content; NULL: the sender */
} facts[] = {
    {"name", "m.room.name", "name"},
    {"topic", "m.room.topic", "topic"},
    {"canonical_alias", "m.room.canonical_alias", "alias"},
    {"creator", "m.room.create", NULL},
    {"join_rule", "m.room.join_rules", "join_rule"},
    {"history_visibility", "m.room.history_visibility", "history_visibility"},
    {"encryption", "m.room.encryption", "algorithm"},
};

/* Adds what the room's state says to `room`. */
static enum err add_facts(struct context *context, const char *room_id, json_t *room)
{
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        const char *text = NULL, *value;
        json_t *event;
        enum err e = sync_find_state(context->db, room_id, facts[i].type, "", context->arena, &text);
        bool added;

        if (e == ERR_NOT_FOUND)
            continue;
        if (e)
            return e;
        event = json_loads(text, 0, NULL);
        value = facts[i].member ? field_string(json_object_get(event, "content"), facts[i].member)
                                : field_string(event, "sender");
        added = !value || json_object_set_new(room, facts[i].name, json_string(value)) == 0;
        json_decref(event);
        if (!added)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

static enum err describe(struct context *context, const char *room_id, json_t **out)
{
    struct room_row row;
    struct membership_counts counts = {0};
    json_t *room = NULL;
    enum err e = rooms_find(context->db, room_id, context->arena, &row);

    if (!e)
        e = memberships_count(context->db, row.nid, &counts);
    if (!e) {
        room = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "room_id", row.id, "version", row.version,
                         "joined_members", (json_int_t)counts.joined, "joined_local_members",
                         (json_int_t)counts.joined_local, "invited_members", (json_int_t)counts.invited,
                         "knocking_members", (json_int_t)counts.knocking, "forward_extremities",
                         (json_int_t)row.latest.count);
        e = room ? add_facts(context, room_id, room) : ERR_NOMEM;
    }
    nids_free(&row.latest);
    *out = room;
    return e;
}

static void print_room(json_t *room)
{
    const char *name;
    json_t *value;

    json_object_foreach(room, name, value)
    {
        char safe[1024];

        if (json_is_integer(value)) {
            printf("%-20s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
        } else {
            console_safe(json_string_value(value), safe, sizeof safe);
            printf("%-20s %s\n", name, safe);
        }
    }
}

int command_room_show(const struct invocation *invocation)
{
    json_t *room = NULL;
    struct context context;
    int code = COMMAND_FAILED;
    enum err e = context_open(&context, invocation);

    if (e)
        goto out;
    e = db_begin(context.db, DB_READ);
    if (!e)
        e = db_end(context.db, describe(&context, invocation->operand, &room));
    if (e) {
        context_failed(&context, words, e);
        goto out;
    }
    if (invocation->given[OPTION_JSON]) {
        json_dumpf(room, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        print_room(room);
    }
    code = console_finish(invocation);
out:
    json_decref(room);
    context_close(&context);
    return code;
}

/* An act of a user on a room, or on one that another user can invite to. */
static int act(const struct invocation *invocation,
               enum err (*act_on_room)(struct homeserver *hs, const char *localpart, const char *room_id))
{
    const char *user = invocation->value[OPTION_USER], *by = invocation->value[OPTION_INVITED_BY];
    const char *localpart, *room_id, *inviter = NULL;
    struct context context;
    int code = COMMAND_FAILED;
    enum err e;

    if (!user) {
        console_error(invocation, "--user says who");
        return COMMAND_USAGE;
    }
    e = context_open(&context, invocation);
    localpart = e ? NULL : context_local_user(&context, user);
    room_id = localpart ? command_room_named(&context, invocation->operand) : NULL;
    if (room_id && by)
        inviter = context_local_user(&context, by);
    if (room_id && (!by || inviter)) {
        e = by ? homeserver_add_member(&context.homeserver,
                                       &(struct new_member){localpart, room_id, inviter, {0}}, context.arena,
                                       &room_id)
               : act_on_room(&context.homeserver, localpart, room_id);
        code = e ? context_failed(&context, words, e) : COMMAND_OK;
    }
    context_close(&context);
    return code;
}

int command_room_join(const struct invocation *invocation)
{
    return act(invocation, homeserver_join);
}

int command_room_leave(const struct invocation *invocation)
{
    return act(invocation, homeserver_leave);
}
