/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "crypto/gate.h"
#include "homeserver/dendrite/notice_room.h"
#include "homeserver/dendrite/turn.h"
#include "matrix/field.h"
#include "matrix/json_wipe.h"
#include "store/account_data.h"
#include "store/events.h"
#include "store/rooms.h"
#include "store/state.h"

/* By this clients tell the room from others (Client-Server API, "Server Notices"), and Dendrite does. */
#define TAG "m.server_notice"

/* Dendrite's numbers of event types. */
enum { TYPE_CREATE = 1, TYPE_POWER_LEVELS = 2, TYPE_MEMBER = 5 };

/* The event at a place of the state; NULL where there is none. */
static enum err read_state(struct db *db, const struct state *state, int64_t type_nid, int64_t key_nid,
                           json_t **event)
{
    struct stored_event stored = {0};
    int64_t nid = state_get(state, type_nid, key_nid);
    enum err e = nid ? events_find(db, nid, &stored) : ERR_OK;

    *event = !e && nid ? json_loadb(stored.json.data, stored.json.length, JSON_ALLOW_NUL, NULL) : NULL;
    buf_free(&stored.json);
    return e;
}

/* Whether the sender made the room, and for the recipient, who was not banned from it since. */
static enum err judge_state(const struct notice_room *room, const struct state *state, int64_t recipient_nid,
                            bool *own)
{
    struct db *db = room->hs->db;
    json_t *create = NULL, *levels = NULL, *member = NULL;
    const char *creator, *membership;
    enum err e = read_state(db, state, TYPE_CREATE, STATE_KEY_EMPTY, &create);

    if (!e)
        e = read_state(db, state, TYPE_POWER_LEVELS, STATE_KEY_EMPTY, &levels);
    if (!e)
        e = read_state(db, state, TYPE_MEMBER, recipient_nid, &member);
    creator = field_string(create, "sender");
    membership = field_string(field_object(member, "content"), "membership");
    *own = !e && creator && strcmp(creator, room->sender) == 0 &&
           json_object_get(field_object(field_object(levels, "content"), "users"), room->recipient) &&
           !(membership && strcmp(membership, "ban") == 0);
    json_decref(create);
    json_decref(levels);
    json_decref(member);
    return e;
}

static enum err is_own(const struct notice_room *room, int64_t room_nid, int64_t recipient_nid, bool *own)
{
    struct db *db = room->hs->db;
    struct room_row row = {0};
    struct state *state = NULL;
    enum err e = rooms_find_nid(db, room_nid, room->arena, &row);

    *own = false;
    if (!e && row.snapshot_nid) {
        e = state_open(&state, db, room_nid, row.snapshot_nid);
        if (!e)
            e = judge_state(room, state, recipient_nid, own);
    }
    state_free(&state);
    nids_free(&row.latest);
    return e;
}

enum err notice_room_is_tagged(struct homeserver *hs, const char *localpart, const char *room_id,
                               struct arena *arena, bool *tagged)
{
    const struct account_data data = {
        .localpart = localpart,
        .server_name = hs->config->server_name,
        .room_id = room_id,
        .type = "m.tag",
    };
    const char *content = NULL;
    enum err e = account_data_find(hs->db, &data, arena, &content);

    *tagged = content && strstr(content, "\"" TAG "\"");
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Looks through the rooms that both have to do with. */
static enum err look_through(struct notice_room *room, int64_t sender_nid, int64_t recipient_nid)
{
    struct user_room *rooms = NULL;
    size_t count = 0;
    bool own;
    enum err e = memberships_common(room->hs->db, sender_nid, recipient_nid, room->arena, &rooms, &count);

    for (size_t i = 0; !e && i < count && !room->id; i++) {
        e = is_own(room, rooms[i].room_nid, recipient_nid, &own);
        if (!e && own) {
            room->id = rooms[i].room_id;
            room->membership = rooms[i].membership;
        }
    }
    if (e || !room->id)
        return e;
    return notice_room_is_tagged(room->hs, room->localpart, room->id, room->arena, &room->tagged);
}

static enum err find(struct notice_room *room)
{
    struct db *db = room->hs->db;
    int64_t sender_nid, recipient_nid;
    enum err e = db_begin(db, DB_READ);

    room->id = NULL;
    if (e)
        return e;
    e = state_keys_find(db, room->sender, &sender_nid);
    if (!e)
        e = state_keys_find(db, room->recipient, &recipient_nid);
    if (!e)
        e = look_through(room, sender_nid, recipient_nid);
    return db_end(db, e == ERR_NOT_FOUND ? ERR_OK : e); /* who has no number is in no room */
}

/* The same as Dendrite makes, with the invitation: without one, the room would not be found again. */
static enum err make(struct notice_room *room)
{
    const struct config *config = room->hs->config;
    struct question question = {
        .endpoint = ENDPOINT_CREATE_ROOM,
        .as_user = config->server_notices.local_part,
        .body = json_pack("{s:s, s:s, s:s, s:[s], s:{s:b}, s:{s:{s:i}}}", "preset", "private_chat",
                          "visibility", "private", "name", config->server_notices.room_name, "invite",
                          room->recipient, "creation_content", "m.federate", 0,
                          "power_level_content_override", "users", room->recipient, -10),
    };
    json_t *answer = NULL;
    enum err e = dendrite_ask(room->hs, &question, &answer);

    if (!e)
        e = dendrite_take(answer, "room_id", room->arena, &room->id);
    json_forget(&answer);
    room->membership = MEMBERSHIP_INVITE;
    return e;
}

/* One at a time: whoever comes second finds the room of the first. */
static enum err make_alone(struct notice_room *room)
{
    struct dendrite *dendrite = room->hs->dendrite;
    enum err e = dendrite->notices
                     ? ERR_OK
                     : gate_open_beside(&dendrite->notices, room->hs->config->database, "notices", 1);

    if (!e)
        e = gate_enter(dendrite->notices);
    if (e)
        return e;
    e = find(room);
    if (!e && !room->id)
        e = make(room);
    gate_leave(dendrite->notices);
    return e;
}

/* With its turn taken before, whoever waits for the other gate does not hold up the one who is through it. */
static enum err make_once(struct notice_room *room)
{
    bool taken;
    enum err e = turn_begin(room->hs, &taken);

    if (!e)
        e = make_alone(room);
    turn_end(room->hs, taken);
    return e;
}

static enum err tag(struct notice_room *room)
{
    return dendrite_ask(room->hs,
                        &(struct question){.endpoint = ENDPOINT_TAG,
                                           .segments = {room->recipient, room->id, TAG},
                                           .as_user = room->localpart,
                                           .body = json_pack("{s:i}", "order", 1)},
                        NULL);
}

static enum err invite(struct notice_room *room)
{
    return dendrite_ask(room->hs,
                        &(struct question){.endpoint = ENDPOINT_INVITE,
                                           .segments = {room->id},
                                           .as_user = room->hs->config->server_notices.local_part,
                                           .body = json_pack("{s:s, s:s}", "user_id", room->recipient,
                                                             "reason", "Server notice room")},
                        NULL);
}

enum err notice_room_open(struct notice_room *room)
{
    enum err e = find(room);

    if (!e && !room->id)
        e = make_once(room);
    if (!e && !room->tagged)
        e = tag(room);
    if (!e && room->membership != MEMBERSHIP_JOIN && room->membership != MEMBERSHIP_INVITE)
        e = invite(room);
    return e;
}
