/* SPDX-License-Identifier: ISC */
#include <stdint.h>
#include <string.h>

#include "base/list.h"
#include "homeserver/audit.h"
#include "homeserver/standalone/batch.h"
#include "homeserver/standalone/member.h"
#include "homeserver/standalone/standalone.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/sync.h"

/* What one transaction does at most, beside taking only so long. */
#define BATCH_MEMBERS 5000
/* How many are listed at once: a list takes as long as the room is large. */
#define LISTED_MEMBERS 50000

struct evacuation {
    struct room_writer writer;
    struct audit *audit;
    struct list affected; /* of const char *: ids */
    struct batch batch;
    struct member *members; /* of a room, some of those that are to leave */
    size_t listed, next;
    int64_t after; /* the join of the last one that was taken from there */
};

static struct evacuation evacuation_of(const struct homeserver *hs, struct arena *arena)
{
    return (struct evacuation){
        .audit = hs->audit,
        .batch = {.db = hs->db},
        .affected = {.arena = arena, .item_size = sizeof(const char *)},
    };
}

static enum err add_affected(struct evacuation *evacuation, const char *id)
{
    const char **item = list_add(&evacuation->affected);

    if (!item)
        return ERR_NOMEM;
    *item = id;
    return ERR_OK;
}

static struct id_list affected_of(const struct evacuation *evacuation)
{
    return (struct id_list){.ids = evacuation->affected.items, .count = evacuation->affected.count};
}

/* Whoever may not leave, or cannot, stays, and the others go on; that was logged. */
static enum err left(struct evacuation *evacuation, enum err e, const char *affected)
{
    if (e == ERR_DENIED || e == ERR_INVALID || e == ERR_TOO_LARGE)
        return ERR_OK;
    return e ? e : add_affected(evacuation, affected);
}

/* The next one who is to leave; NULL when there is nobody any more. */
static enum err take_member(struct evacuation *evacuation, const struct room *room,
                            const struct member **member)
{
    const struct room_writer *writer = &evacuation->writer;
    enum err e = ERR_OK;

    *member = NULL;
    if (evacuation->next == evacuation->listed) {
        evacuation->next = 0;
        e = memberships_local(writer->db, room_number(room), evacuation->after, LISTED_MEMBERS, writer->arena,
                              &evacuation->members, &evacuation->listed);
    }
    if (e || evacuation->listed == 0)
        return e;
    *member = &evacuation->members[evacuation->next++];
    evacuation->after = (*member)->event_nid;
    return ERR_OK;
}

static enum err evacuate_member(struct evacuation *evacuation, struct room *room, const char *user_id)
{
    const char *membership;
    enum err e = room_membership(room, user_id, &membership);

    if (e || strcmp(membership, "join") != 0) /* gone since the list was made */
        return e;
    return left(evacuation, room_leave_with_profile(room, user_id), user_id);
}

/* As many members as one transaction takes. */
static enum err evacuate_members(struct evacuation *evacuation, struct room *room, bool *done)
{
    const struct member *member;
    size_t count = 0;
    enum err e;

    do {
        e = take_member(evacuation, room, &member);
        if (!e && member)
            e = evacuate_member(evacuation, room, member->user_id);
    } while (!e && member && ++count < BATCH_MEMBERS && !batch_is_over(&evacuation->batch));
    *done = !e && !member;
    return e;
}

static enum err evacuate_room_batch(struct evacuation *evacuation, const char *room_id, struct room **room,
                                    bool *done)
{
    enum err e = batch_begin(&evacuation->batch);

    if (e)
        return e;
    e = *room ? room_resume(*room) : room_open(room, &evacuation->writer, room_id);
    if (!e)
        e = evacuate_members(evacuation, *room, done);
    if (!e)
        e = room_save(*room);
    if (!*done)
        audit_unfinished(evacuation->audit);
    return db_end(evacuation->writer.db, e);
}

/* What evacuating the room would do. */
static enum err foresee_room(struct evacuation *evacuation, const char *room_id)
{
    struct room_writer *writer = &evacuation->writer;
    struct room *room = NULL;
    struct member *members = NULL;
    size_t count = 0;
    enum err e = db_begin(writer->db, DB_READ);

    if (e)
        return e;
    e = room_open(&room, writer, room_id);
    if (!e)
        e = memberships_local(writer->db, room_number(room), 0, INT64_MAX, writer->arena, &members, &count);
    for (size_t i = 0; !e && i < count; i++)
        e = add_affected(evacuation, members[i].user_id);
    e = room_close(&room, e);
    return db_end(writer->db, e);
}

enum err standalone_evacuate_room(struct homeserver *hs, const char *room_id, bool dry_run,
                                  struct arena *arena, struct id_list *affected)
{
    struct evacuation evacuation = evacuation_of(hs, arena);
    struct room *room = NULL;
    bool done = false;
    enum err e = room_writer_open(&evacuation.writer, hs, arena);

    if (!e && dry_run)
        e = foresee_room(&evacuation, room_id);
    if (!e && !dry_run)
        e = room_writer_sign_apart(&evacuation.writer);
    while (!e && !dry_run && !done)
        e = evacuate_room_batch(&evacuation, room_id, &room, &done);
    e = room_close(&room, e);
    room_writer_close(&evacuation.writer);
    *affected = affected_of(&evacuation);
    return e;
}

/* Whose rooms are evacuated. */
struct leaver {
    const char *user_id;
    int64_t nid;
    struct user_room *rooms;
    size_t count;
};

enum err standalone_forget_invitation(struct db *db, int64_t room_nid, int64_t user_nid, struct arena *arena)
{
    const char **event_ids = NULL;
    size_t count = 0;
    enum err e = invites_retire(db, room_nid, user_nid, arena, &event_ids, &count);

    for (size_t i = 0; !e && i < count; i++)
        e = sync_retire_invite(db, event_ids[i]);
    return e ? e : memberships_delete(db, room_nid, user_nid);
}

/* An invitation to a room of another server, which we know nothing else of. */
static enum err forget_invitation(struct evacuation *evacuation, const struct leaver *leaver,
                                  const struct user_room *room)
{
    struct room_writer *writer = &evacuation->writer;
    enum err e = standalone_forget_invitation(writer->db, room->room_nid, leaver->nid, writer->arena);

    return e ? e : add_affected(evacuation, room->room_id);
}

static enum err leave_room(struct evacuation *evacuation, const struct leaver *leaver,
                           const struct user_room *user_room)
{
    struct room *room = NULL;
    const char *membership = "leave";
    enum err e = room_open(&room, &evacuation->writer, user_room->room_id);

    if (e == ERR_NOT_FOUND && user_room->membership == MEMBERSHIP_INVITE)
        return forget_invitation(evacuation, leaver, user_room);
    if (e == ERR_NOT_FOUND || e == ERR_INVALID) /* the second was logged */
        return ERR_OK;
    if (!e)
        e = room_membership(room, leaver->user_id, &membership);
    if (!e && strcmp(membership, "leave") != 0 && strcmp(membership, "ban") != 0)
        e = left(evacuation, room_leave(room, leaver->user_id), user_room->room_id);
    return room_close(&room, e);
}

/* The rooms from `*next` on, as many as one transaction takes. */
static enum err evacuate_user_batch(struct evacuation *evacuation, const struct leaver *leaver, size_t *next)
{
    enum err e = batch_begin(&evacuation->batch);

    if (e)
        return e;
    do
        e = leave_room(evacuation, leaver, &leaver->rooms[(*next)++]);
    while (!e && *next < leaver->count && !batch_is_over(&evacuation->batch));
    if (*next < leaver->count)
        audit_unfinished(evacuation->audit);
    return db_end(evacuation->writer.db, e);
}

/* The user's number and rooms; no rooms for somebody who has never been in one. */
static enum err find_rooms(struct db *db, struct arena *arena, struct leaver *leaver)
{
    enum err e = db_begin(db, DB_READ);

    if (e)
        return e;
    e = state_keys_find(db, leaver->user_id, &leaver->nid);
    if (!e)
        e = memberships_rooms(db, leaver->nid, arena, &leaver->rooms, &leaver->count);
    return db_end(db, e == ERR_NOT_FOUND ? ERR_OK : e);
}

/* Who is in no room has nothing to sign, and needs no key. */
static enum err leave_rooms(struct evacuation *evacuation, struct homeserver *hs, struct arena *arena,
                            const struct leaver *leaver)
{
    enum err e = leaver->count > 0 ? room_writer_open(&evacuation->writer, hs, arena) : ERR_OK;

    for (size_t next = 0; !e && next < leaver->count;)
        e = evacuate_user_batch(evacuation, leaver, &next);
    room_writer_close(&evacuation->writer);
    return e;
}

static enum err foresee_rooms(struct evacuation *evacuation, const struct leaver *leaver)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < leaver->count; i++)
        e = add_affected(evacuation, leaver->rooms[i].room_id);
    return e;
}

enum err standalone_evacuate_user(struct homeserver *hs, const char *localpart, bool dry_run,
                                  struct arena *arena, struct id_list *affected)
{
    struct evacuation evacuation = evacuation_of(hs, arena);
    struct leaver leaver = {.user_id = arena_printf(arena, "@%s:%s", localpart, hs->config->server_name)};
    enum account_type type;
    enum err e = accounts_type(hs->db, localpart, hs->config->server_name, &type);

    if (!e && !leaver.user_id)
        e = ERR_NOMEM;
    if (!e)
        e = find_rooms(hs->db, arena, &leaver);
    if (!e)
        e = dry_run ? foresee_rooms(&evacuation, &leaver) : leave_rooms(&evacuation, hs, arena, &leaver);
    *affected = affected_of(&evacuation);
    return e;
}
