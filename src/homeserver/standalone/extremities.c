/* SPDX-License-Identifier: ISC */
/*
 * A room whose history ends with many events, as one has that Dendrite's own evacuation has emptied. The
 * others cannot simply be struck off: what they say of the room's state would be lost to whoever follows the
 * events, and the state that we have of it would follow from none.
 */
#include "homeserver/room_rights.h"
#include "homeserver/standalone/member.h"
#include "homeserver/standalone/standalone.h"
#include "matrix/event.h"
#include "matrix/field.h"

struct merging {
    struct homeserver *hs;
    struct room_writer writer;
    const char *room_id;
    const char *helper; /* a user ID; NULL: none */
    struct profile profile;
    struct merging_sender sender;
    struct room *room;
};

/* Appends one event that says nothing new. */
static enum err append(struct merging *merging)
{
    const char *user_id = merging->sender.user_id;
    struct new_event event = {.sender = user_id, .type = MERGING_TYPE};
    json_t *member = NULL;
    char event_id[ID_SIZE];
    enum err e = ERR_OK;

    if (merging->sender.by_membership) {
        event.type = "m.room.member";
        event.state_key = user_id;
        e = room_state(merging->room, event.type, user_id, &member);
    }
    if (e)
        return e;
    event.content = member ? json_incref(field_object(member, "content")) : json_object();
    e = event.content ? room_append(merging->room, &event, event_id) : ERR_NOMEM;
    json_decref(event.content);
    return e;
}

/* Who leaves again does by that what an event more would. */
static enum err append_all(struct merging *merging)
{
    const size_t enough = merging->sender.joins ? EVENT_PREV_MAX : 1;
    enum err e = ERR_OK;

    if (merging->sender.joins)
        e = room_join(merging->room, merging->sender.user_id, &merging->profile);
    while (!e && room_extremities(merging->room) > enough)
        e = append(merging);
    if (!e && merging->sender.joins)
        e = room_leave(merging->room, merging->sender.user_id);
    return e;
}

static enum err choose(struct merging *merging)
{
    struct room_rights rights;
    enum err e = room_rights_open(&rights, merging->hs, merging->room_id, merging->writer.arena);

    if (!e)
        e = room_rights_merging(&rights, merging->helper, &merging->sender);
    room_rights_close(&rights);
    if (e || merging->sender.user_id)
        return e;
    homeserver_reason(merging->hs, MERGING_DENIED);
    return ERR_DENIED;
}

/* All of it, in the transaction that is open. */
static enum err merge_all(struct merging *merging, struct extremity_merge *merge)
{
    enum err e = room_open(&merging->room, &merging->writer, merging->room_id);

    if (!e)
        merge->before = merge->left = (int64_t)room_extremities(merging->room);
    if (!e && merge->before > 1) {
        e = choose(merging);
        if (!e)
            e = append_all(merging);
        if (!e)
            merge->left = (int64_t)room_extremities(merging->room);
    }
    return room_close(&merging->room, e);
}

enum err standalone_merge_extremities(struct homeserver *hs, const char *room_id,
                                      struct extremity_merge *merge, struct arena *arena)
{
    const char *server_name = hs->config->server_name;
    struct merging merging = {.hs = hs, .room_id = room_id};
    enum err e = room_writer_open(&merging.writer, hs, arena);

    merge->before = merge->left = 0;
    merge->job_id = NULL;
    if (!e && merge->helper) {
        merging.helper = arena_printf(arena, "@%s:%s", merge->helper, server_name);
        e = merging.helper ? profiles_find(hs->db, merge->helper, server_name, arena, &merging.profile)
                           : ERR_NOMEM;
    }
    if (!e)
        e = db_begin(hs->db, DB_WRITE);
    if (!e)
        e = db_end(hs->db, merge_all(&merging, merge));
    room_writer_close(&merging.writer);
    return e;
}
