/* SPDX-License-Identifier: ISC */
/* The users and the aliases of a room move to another one, request by request, by our application service. */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/dendrite/rooms.h"
#include "store/room_aliases.h"
#include "store/sync.h"

/* Whether an error is about the one user or alias, so that the others go on. */
static bool is_of_one(enum err e)
{
    return e == ERR_DENIED || e == ERR_INVALID || e == ERR_TOO_LARGE || e == ERR_NOT_FOUND ||
           e == ERR_DEACTIVATED || e == ERR_EXISTS;
}

/* Notes what keeps one user back; anything else stays an error. */
static enum err note(struct homeserver *hs, struct mover *mover, enum err e, struct arena *arena)
{
    if (!is_of_one(e))
        return e;
    mover->failed = arena_strdup(arena, hs->reason ? hs->reason : err_text(e));
    hs->reason = NULL;
    return mover->failed ? ERR_OK : ERR_NOMEM;
}

/* Dendrite refuses to forget what it has forgotten already, as an invitation that was rejected. */
static enum err forget(struct homeserver *hs, const char *localpart, const char *room_id)
{
    enum err e = dendrite_ask(
        hs, &(struct question){.endpoint = ENDPOINT_FORGET, .segments = {room_id}, .as_user = localpart},
        NULL);

    return is_of_one(e) ? ERR_OK : e;
}

static enum err leave(struct homeserver *hs, const struct room_move *move, struct mover *mover,
                      const char *localpart, struct arena *arena)
{
    enum membership membership;
    enum err e = dendrite_membership(hs, mover->user_id, move->from, arena, &membership);

    if (!e && move->to && membership == MEMBERSHIP_JOIN)
        e = note(hs, mover, dendrite_join(hs, localpart, move->to), arena);
    if (!e && membership != MEMBERSHIP_LEAVE)
        e = note(hs, mover, dendrite_leave_as(hs, localpart, mover->user_id, move->from, membership, arena),
                 arena);
    return e || mover->failed ? e : forget(hs, localpart, move->from);
}

static enum err move_one(struct homeserver *hs, const struct room_move *move, struct mover *mover,
                         struct arena *arena)
{
    struct user_id id;

    return user_id_parse(mover->user_id, &id) ? leave(hs, move, mover, id.localpart, arena)
                                              : note(hs, mover, ERR_INVALID, arena);
}

enum err dendrite_move_members(struct homeserver *hs, struct room_move *move, struct arena *arena)
{
    enum err e = dendrite_need_service(hs);

    for (move->done = 0; !e && move->done < move->count; move->done += !e) {
        if (move->done > 0 && clock_monotonic_ms() >= move->end_ms)
            break;
        e = move_one(hs, move, &move->movers[move->done], arena);
    }
    return e;
}

/*
 * Dendrite lets an alias go for who has made it, while that user is in its room. It fails when it cannot take
 * the alias out of the room's state, as its setter has left.
 */
static enum err release(struct homeserver *hs, const char *alias, const char *creator)
{
    struct user_id id;
    enum err e = user_id_parse(creator, &id) ? ERR_OK : ERR_DENIED;

    if (!e)
        e = dendrite_ask(hs,
                         &(struct question){
                             .endpoint = ENDPOINT_DELETE_ALIAS, .segments = {alias}, .as_user = id.localpart},
                         NULL);
    return e == ERR_GATEWAY ? ERR_DENIED : e;
}

static enum err set(struct homeserver *hs, const struct alias_move *move, const char *alias)
{
    return dendrite_ask(hs,
                        &(struct question){.endpoint = ENDPOINT_SET_ALIAS,
                                           .segments = {alias},
                                           .as_user = move->localpart,
                                           .body = json_pack("{s:s}", "room_id", move->to)},
                        NULL);
}

static enum err move_alias(struct homeserver *hs, const struct alias_move *move, const char *alias,
                           struct arena *arena)
{
    const char *room_id = NULL, *creator = NULL;
    enum err e = room_aliases_find(hs->db, alias, arena, &room_id, &creator);

    if (e == ERR_NOT_FOUND)
        return set(hs, move, alias);
    if (e || strcmp(room_id, move->from) != 0)
        return e;
    e = release(hs, alias, creator);
    return e ? e : set(hs, move, alias);
}

enum err dendrite_move_aliases(struct homeserver *hs, const struct alias_move *move, struct arena *arena)
{
    enum err e = dendrite_need_service(hs);

    for (size_t i = 0; !e && i < move->count; i++) {
        e = move_alias(hs, move, move->aliases[i], arena);
        if (!is_of_one(e))
            continue;
        log_warning("%s stays where it is: %s", move->aliases[i], hs->reason ? hs->reason : err_text(e));
        hs->reason = NULL;
        e = ERR_OK;
    }
    return e;
}

/* Dendrite knows a transaction again for a while, and its database shows it for good. */
static enum err send_once(struct homeserver *hs, const struct new_message *message, struct arena *arena)
{
    const char *sender = dendrite_user_id(hs, message->localpart, arena), *sent;
    enum err e = sender ? dendrite_settle_latest(hs, message->room_id, arena) : ERR_NOMEM;

    if (e)
        return e;
    e = sync_find_transaction(hs->db, message->room_id, sender, message->key, arena, &sent);
    if (e != ERR_NOT_FOUND)
        return e;
    return dendrite_ask(
        hs,
        &(struct question){.endpoint = ENDPOINT_SEND,
                           .segments = {message->room_id, "m.room.message", message->key},
                           .as_user = message->localpart,
                           .body = json_pack("{s:s, s:s}", "msgtype", "m.text", "body", message->text)},
        NULL);
}

enum err dendrite_send_message(struct homeserver *hs, const struct new_message *message)
{
    struct arena *arena = arena_new();
    enum err e = arena ? send_once(hs, message, arena) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}
