/* SPDX-License-Identifier: ISC */
/* mxadmin room make-admin and room extremities. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command/console.h"
#include "command/context.h"
#include "command/listing.h"
#include "command/room.h"
#include "matrix/id.h"
#include "store/extremities.h"
#include "store/room_aliases.h"
#include "store/rooms.h"

static const struct context_words words[] = {
    {ERR_NOT_FOUND, "there is no such user or room"},
    {ERR_DENIED, "the room does not let this user"},
    {ERR_INVALID, "the room's version is not known"},
    {ERR_OK, NULL},
};

const char *command_room_named(struct context *context, const char *text)
{
    const char *room_id = text, *creator;
    enum err e = ERR_OK;

    if (*text == '#')
        e = room_aliases_find(context->db, text, context->arena, &room_id, &creator);
    if (!e)
        return room_id;
    context_failed(context, words, e);
    return NULL;
}

/* The id of a user of any server; a localpart is of ours. NULL after saying what is wrong. */
static const char *user_named(struct context *context, const char *text)
{
    const char *server_name = context->config->server_name, *localpart, *user_id;
    struct user_id id;

    if (*text == '@' && user_id_parse(text, &id) && strcmp(id.server_name, server_name) != 0)
        return text;
    localpart = context_local_user(context, text);
    user_id = localpart ? arena_printf(context->arena, "@%s:%s", localpart, server_name) : NULL;
    if (localpart && !user_id)
        context_failed(context, words, ERR_NOMEM);
    return user_id;
}

static enum err check_account(struct context *context, const char *user_id)
{
    enum account_type type;
    struct user_id id;

    if (!user_id_parse(user_id, &id) || strcmp(id.server_name, context->config->server_name) != 0)
        return ERR_OK;
    return accounts_type(context->db, id.localpart, id.server_name, &type);
}

int command_room_make_admin(const struct invocation *invocation)
{
    const char *user = invocation->value[OPTION_USER], *user_id, *room_id;
    struct context context;
    int code = COMMAND_FAILED;
    enum err e;

    if (!user) {
        console_error(invocation, "--user says who");
        return COMMAND_USAGE;
    }
    e = context_open(&context, invocation);
    user_id = e ? NULL : user_named(&context, user);
    room_id = user_id ? command_room_named(&context, invocation->operand) : NULL;
    if (room_id) {
        e = check_account(&context, user_id);
        if (!e)
            e = homeserver_make_admin(&context.homeserver, room_id, user_id);
        code = e ? context_failed(&context, words, e) : COMMAND_OK;
    }
    context_close(&context);
    return code;
}

static enum err list_one(struct listing *listing, const struct extremity_row *row)
{
    char safe[2 * ID_SIZE], time[CONSOLE_TIME_SIZE];

    if (listing->array)
        return json_array_append_new(listing->array,
                                     json_pack("{s:s, s:s?, s:I, s:I}", "event_id", row->event_id, "sender",
                                               row->sender, "depth", (json_int_t)row->depth,
                                               "origin_server_ts", (json_int_t)row->origin_server_ts)) < 0
                   ? ERR_NOMEM
                   : ERR_OK;
    console_safe(row->event_id, safe, sizeof safe);
    console_time(row->origin_server_ts, time);
    printf("%-46s %8" PRId64 " %s", safe, row->depth, time);
    console_safe(row->sender ? row->sender : "", safe, sizeof safe);
    printf(" %s\n", safe);
    return ERR_OK;
}

static enum err check_room(struct context *context, const char *room_id)
{
    struct room_row room;
    enum err e = rooms_find(context->db, room_id, context->arena, &room);

    nids_free(&room.latest);
    return e;
}

static int list(struct context *context, const char *room_id)
{
    struct listing listing = {0};
    struct extremity_row *rows = NULL;
    size_t count = 0;
    enum err e = check_room(context, room_id);

    if (e)
        return context_failed(context, words, e);
    e = listing_begin(&listing, context->invocation);
    if (!e)
        e = extremities_list(context->db, room_id, context->arena, &rows, &count);
    for (size_t i = 0; !e && i < count; i++)
        e = list_one(&listing, &rows[i]);
    return listing_end(&listing, context->invocation, e);
}

static int merge(struct context *context, const char *room_id)
{
    const char *user = context->invocation->value[OPTION_USER];
    struct extremity_merge merge = {0};
    enum err e;

    if (user) {
        merge.helper = context_local_user(context, user);
        if (!merge.helper)
            return COMMAND_FAILED;
    }
    e = homeserver_merge_extremities(&context->homeserver, room_id, &merge, context->arena);
    if (e)
        return context_failed(context, words, e);
    if (context->invocation->given[OPTION_JSON])
        printf("{\"deleted\": %" PRId64 "}\n", merge.before - merge.left);
    else
        printf("%" PRId64 " of %" PRId64 " are left\n", merge.left, merge.before);
    if (merge.job_id)
        console_error(context->invocation, "job %s goes on with it", merge.job_id);
    return console_finish(context->invocation);
}

int command_room_extremities(const struct invocation *invocation)
{
    const char *room_id;
    struct context context;
    int code = COMMAND_FAILED;
    enum err e = context_open(&context, invocation);

    room_id = e ? NULL : command_room_named(&context, invocation->operand);
    if (room_id)
        code = (invocation->given[OPTION_MERGE] ? merge : list)(&context, room_id);
    context_close(&context);
    return code;
}
