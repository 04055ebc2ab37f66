/* SPDX-License-Identifier: ISC */
/* What a user does with one room, by our application service; and the end of a room. */
#include <string.h>

#include "homeserver/blocks.h"
#include "homeserver/dendrite/notice_room.h"
#include "homeserver/dendrite/rooms.h"
#include "homeserver/room_rights.h"
#include "matrix/json_wipe.h"
#include "store/blocked_rooms.h"
#include "store/events.h"
#include "store/rooms.h"

enum err dendrite_check_active(struct homeserver *hs, const char *localpart, struct arena *arena)
{
    struct account account;
    enum err e = accounts_find(hs->db, localpart, hs->config->server_name, arena, &account);

    return !e && account.deactivated ? ERR_DEACTIVATED : e;
}

static enum err find_room(struct homeserver *hs, const char *room_id, struct arena *arena, int64_t *room_nid)
{
    struct room_row row = {0};
    enum err e = rooms_find(hs->db, room_id, arena, &row);

    *room_nid = row.nid;
    nids_free(&row.latest);
    return e;
}

enum err dendrite_membership(struct homeserver *hs, const char *user_id, const char *room_id,
                             struct arena *arena, enum membership *membership)
{
    int64_t room_nid, user_nid;
    enum err e = db_begin(hs->db, DB_READ);

    *membership = MEMBERSHIP_LEAVE;
    if (e)
        return e;
    e = find_room(hs, room_id, arena, &room_nid);
    if (!e) {
        e = state_keys_find(hs->db, user_id, &user_nid);
        if (!e)
            e = memberships_find(hs->db, room_nid, user_nid, membership);
        else if (e == ERR_NOT_FOUND) /* who has no number is in no room */
            e = ERR_OK;
    }
    return db_end(hs->db, e);
}

/* Whether another server may know the room: its id names one. */
static bool is_elsewhere(const struct homeserver *hs, const char *room_id)
{
    const char *server = strchr(room_id, ':');

    return server && strcmp(server + 1, hs->config->server_name) != 0;
}

/* Whether there is somebody who can be asked about a room that is not here. */
static bool can_be_found(const struct homeserver *hs, const struct new_member *member)
{
    return member->servers.count > 0 || is_elsewhere(hs, member->room_id);
}

/* Dendrite answers 500 for a room that it does not know, and that nobody can be asked about. */
static enum err join(struct homeserver *hs, const struct new_member *member, struct arena *arena,
                     const char **room_id)
{
    json_t *answer = NULL;
    int64_t room_nid;
    enum err e = dendrite_check_active(hs, member->localpart, arena);

    if (e)
        return e;
    e = find_room(hs, member->room_id, arena, &room_nid);
    if (e && !(e == ERR_NOT_FOUND && can_be_found(hs, member)))
        return e;
    e = dendrite_ask(hs,
                     &(struct question){.endpoint = ENDPOINT_JOIN,
                                        .segments = {member->room_id},
                                        .as_user = member->localpart,
                                        .servers = &member->servers},
                     &answer);
    if (!e)
        e = dendrite_take(answer, "room_id", arena, room_id);
    json_forget(&answer);
    return e;
}

enum err dendrite_join(struct homeserver *hs, const char *localpart, const char *room_id)
{
    const struct new_member member = {.localpart = localpart, .room_id = room_id};
    const char *joined;
    struct arena *arena = arena_new();
    enum err e = arena ? join(hs, &member, arena, &joined) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}

/* Invites the user in whose way it is that the room is not public; ERR_NOT_FOUND: we do not know the room. */
static enum err invite_first(struct homeserver *hs, const struct new_member *member, struct arena *arena)
{
    const char *user_id = dendrite_user_id(hs, member->localpart, arena);
    bool invited, is_public;
    struct room_rights rights;
    enum err e = user_id ? room_rights_begin(&rights, hs, member->room_id, arena) : ERR_NOMEM;

    if (e)
        return e;
    is_public = room_rights_public(&rights);
    e = room_rights_end(&rights, room_rights_invited(&rights, user_id, &invited));
    if (e || invited || is_public)
        return e;
    return dendrite_ask(hs,
                        &(struct question){.endpoint = ENDPOINT_INVITE,
                                           .segments = {member->room_id},
                                           .as_user = member->inviter,
                                           .body = json_pack("{s:s}", "user_id", user_id)},
                        NULL);
}

enum err dendrite_add_member(struct homeserver *hs, const struct new_member *member, struct arena *arena,
                             const char **room_id)
{
    enum account_type type;
    bool blocked = false;
    enum err e = dendrite_check_active(hs, member->localpart, arena);

    if (!e)
        e = accounts_type(hs->db, member->inviter, hs->config->server_name, &type);
    if (!e)
        e = blocked_rooms_has(hs->db, member->room_id, &blocked);
    if (blocked)
        return dendrite_fail(hs, ERR_DENIED, BLOCKED_TEXT);
    if (!e)
        e = invite_first(hs, member, arena);
    if (e == ERR_NOT_FOUND && can_be_found(hs, member)) /* whose rules Dendrite is to find out */
        e = ERR_OK;
    return e ? e : join(hs, member, arena, room_id);
}

/* Leaves by an event that the user sends. */
static enum err send_leave(struct homeserver *hs, const char *localpart, const char *user_id,
                           const char *room_id)
{
    return dendrite_ask(hs,
                        &(struct question){.endpoint = ENDPOINT_STATE,
                                           .segments = {room_id, "m.room.member", user_id},
                                           .as_user = localpart,
                                           .body = json_pack("{s:s}", "membership", "leave")},
                        NULL);
}

/*
 * Whether Dendrite's own call does not do it: it knows nothing of knocks, and refuses to reject an invitation
 * to a room for notices, which it notes as an error.
 */
static enum err needs_event(struct homeserver *hs, const char *localpart, const char *room_id,
                            enum membership membership, struct arena *arena, bool *needed)
{
    *needed = membership == MEMBERSHIP_KNOCK;
    if (membership != MEMBERSHIP_INVITE)
        return ERR_OK;
    return notice_room_is_tagged(hs, localpart, room_id, arena, needed);
}

enum err dendrite_leave_as(struct homeserver *hs, const char *localpart, const char *user_id,
                           const char *room_id, enum membership membership, struct arena *arena)
{
    struct question question = {.endpoint = ENDPOINT_LEAVE, .segments = {room_id}, .as_user = localpart};
    bool event_needed;
    enum err e = needs_event(hs, localpart, room_id, membership, arena, &event_needed);

    if (e)
        return e;
    if (membership == MEMBERSHIP_LEAVE)
        return dendrite_fail(hs, ERR_DENIED, "The user is not in this room");
    if (event_needed)
        return send_leave(hs, localpart, user_id, room_id);
    if (membership == MEMBERSHIP_INVITE && is_elsewhere(hs, room_id))
        question.endpoint = ENDPOINT_REJECT;
    return dendrite_ask(hs, &question, NULL);
}

/* A deactivated user leaves as well: the row is there, and our application service may act for it. */
static enum err leave(struct homeserver *hs, const char *localpart, const char *room_id, struct arena *arena)
{
    const char *user_id = dendrite_user_id(hs, localpart, arena);
    enum membership membership;
    enum account_type type;
    enum err e = user_id ? accounts_type(hs->db, localpart, hs->config->server_name, &type) : ERR_NOMEM;

    if (!e)
        e = dendrite_membership(hs, user_id, room_id, arena, &membership);
    return e ? e : dendrite_leave_as(hs, localpart, user_id, room_id, membership, arena);
}

enum err dendrite_leave(struct homeserver *hs, const char *localpart, const char *room_id)
{
    struct arena *arena = arena_new();
    enum err e = arena ? leave(hs, localpart, room_id, arena) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}

static enum err purge(struct homeserver *hs, const char *room_id, bool force, struct arena *arena)
{
    struct membership_counts counts = {0};
    const char *token = NULL;
    int64_t room_nid;
    enum err e = find_room(hs, room_id, arena, &room_nid);

    if (!e)
        e = memberships_count(hs->db, room_nid, &counts);
    if (!e && counts.joined_local > 0 && !force)
        e = ERR_INVALID;
    if (!e && counts.joined_local == 0)
        e = dendrite_settle(hs, room_id, arena);
    if (!e)
        e = dendrite_admin_token(hs, arena, &token);
    if (e)
        return e;
    return dendrite_ask(
        hs, &(struct question){.endpoint = ENDPOINT_PURGE_ROOM, .segments = {room_id}, .token = token}, NULL);
}

enum err dendrite_purge_room(struct homeserver *hs, const char *room_id, bool force)
{
    struct arena *arena = arena_new();
    enum err e = arena ? purge(hs, room_id, force, arena) : ERR_NOMEM;

    arena_free(&arena);
    return e;
}

enum err dendrite_can_delete_room(struct homeserver *hs, bool purge)
{
    struct arena *arena = arena_new();
    const char *token;
    enum err e = arena ? dendrite_need_service(hs) : ERR_NOMEM;

    if (!e && purge)
        e = dendrite_admin_token(hs, arena, &token);
    arena_free(&arena);
    return e;
}
