/* SPDX-License-Identifier: ISC */
/*
 * The users and the aliases of a room move to another one. One room is open at a time, so all join the other
 * room first, and then leave the first one: in one transaction, others see neither without the other.
 */
#include <string.h>

#include "homeserver/standalone/member.h"
#include "homeserver/standalone/standalone.h"
#include "matrix/id.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/room_aliases.h"
#include "store/rooms.h"

/* Users on their way; what was found of each stands at the same place of both arrays. */
struct moving {
    struct room_writer writer;
    struct room_move *move;
    int64_t room_nid; /* of the room that is left */
    struct found {
        int64_t nid;
        enum membership membership;
    } * found;
};

static enum err find_room(struct moving *moving)
{
    struct room_row row = {0};
    enum err e = rooms_find(moving->writer.db, moving->move->from, moving->writer.arena, &row);

    moving->room_nid = row.nid;
    nids_free(&row.latest);
    return e;
}

static enum err find_users(struct moving *moving)
{
    struct db *db = moving->writer.db;
    const struct room_move *move = moving->move;
    enum err e = ERR_OK;

    moving->found = arena_alloc(moving->writer.arena, move->count * sizeof *moving->found);
    if (!moving->found)
        return ERR_NOMEM;
    for (size_t i = 0; !e && i < move->count; i++) {
        struct found *found = &moving->found[i];

        *found = (struct found){.membership = MEMBERSHIP_LEAVE};
        e = state_keys_find(db, move->movers[i].user_id, &found->nid);
        if (!e)
            e = memberships_find(db, moving->room_nid, found->nid, &found->membership);
        else if (e == ERR_NOT_FOUND) /* who has no number has never been in a room */
            e = ERR_OK;
    }
    return e;
}

/* Notes what keeps one user back, which does not keep the others; anything else stays an error. */
static enum err note(struct moving *moving, size_t i, enum err e)
{
    struct mover *mover = &moving->move->movers[i];
    const char *reason = moving->writer.hs->reason;

    if (e != ERR_DENIED && e != ERR_INVALID && e != ERR_TOO_LARGE)
        return e;
    mover->failed = arena_strdup(moving->writer.arena, reason ? reason : err_text(e));
    moving->writer.hs->reason = NULL;
    return mover->failed ? ERR_OK : ERR_NOMEM;
}

static enum err join_one(struct moving *moving, struct room *room, size_t i)
{
    const struct room_writer *writer = &moving->writer;
    const char *user_id = moving->move->movers[i].user_id, *membership;
    struct profile profile = {0};
    struct user_id id;
    enum err e = room_membership(room, user_id, &membership);

    if (e || strcmp(membership, "join") == 0)
        return e;
    if (!user_id_parse(user_id, &id))
        return ERR_INVALID;
    e = profiles_find(writer->db, id.localpart, writer->server_name, writer->arena, &profile);
    if (e == ERR_NOT_FOUND) /* a member without an account */
        e = ERR_OK;
    return e ? e : room_join(room, user_id, &profile);
}

/* Who is joined joins the other room. */
static enum err join_all(struct moving *moving)
{
    const struct room_move *move = moving->move;
    struct room *room = NULL;
    enum err e = move->to ? room_open(&room, &moving->writer, move->to) : ERR_OK;

    for (size_t i = 0; room && !e && i < move->count; i++)
        if (moving->found[i].membership == MEMBERSHIP_JOIN)
            e = note(moving, i, join_one(moving, room, i));
    return room_close(&room, e);
}

/* Has all leave a room whose history we have. */
static enum err leave_room(struct moving *moving, struct room *room)
{
    const struct room_move *move = moving->move;
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < move->count; i++)
        if (moving->found[i].membership != MEMBERSHIP_LEAVE)
            e = note(moving, i, room_leave(room, move->movers[i].user_id));
    return e;
}

/* The same of a room that we have invitations to, and nothing else. */
static enum err forget_invitations(struct moving *moving)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < moving->move->count; i++)
        if (moving->found[i].membership == MEMBERSHIP_INVITE)
            e = standalone_forget_invitation(moving->writer.db, moving->room_nid, moving->found[i].nid,
                                             moving->writer.arena);
    return e;
}

/* Nobody can leave a room whose version is not known here, as one that Dendrite has left behind can be. */
static enum err hold_back(struct moving *moving)
{
    for (size_t i = 0; i < moving->move->count; i++)
        if (moving->found[i].membership != MEMBERSHIP_LEAVE)
            moving->move->movers[i].failed = "The version of this room is not supported";
    return ERR_OK;
}

static enum err leave_all(struct moving *moving)
{
    struct room *room = NULL;
    enum err e = room_open(&room, &moving->writer, moving->move->from);

    if (e == ERR_NOT_FOUND)
        return forget_invitations(moving);
    if (e == ERR_INVALID)
        return hold_back(moving);
    if (!e)
        e = leave_room(moving, room);
    e = room_close(&room, e);
    for (size_t i = 0; !e && i < moving->move->count; i++)
        e = memberships_forget(moving->writer.db, moving->room_nid, moving->found[i].nid);
    return e;
}

static enum err move_all(struct moving *moving)
{
    enum err e = find_room(moving);

    if (!e)
        e = find_users(moving);
    if (!e)
        e = join_all(moving);
    return e ? e : leave_all(moving);
}

enum err standalone_move_members(struct homeserver *hs, struct room_move *move, struct arena *arena)
{
    struct moving moving = {.move = move};
    enum err e = room_writer_open(&moving.writer, hs, arena);

    move->done = 0;
    if (!e)
        e = db_begin(hs->db, DB_WRITE_BULK);
    if (!e)
        e = db_end(hs->db, move_all(&moving));
    if (!e)
        move->done = move->count;
    room_writer_close(&moving.writer);
    return e;
}

enum err standalone_move_aliases(struct homeserver *hs, const struct alias_move *move, struct arena *arena)
{
    const char *creator = arena_printf(arena, "@%s:%s", move->localpart, hs->config->server_name);
    enum err e = creator ? db_begin(hs->db, DB_WRITE) : ERR_NOMEM;

    if (e)
        return e;
    for (size_t i = 0; !e && i < move->count; i++)
        e = room_aliases_move(hs->db, move->aliases[i], move->from, move->to, creator);
    return db_end(hs->db, e);
}
