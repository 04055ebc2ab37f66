/* SPDX-License-Identifier: ISC */
/* The rows of one new event. */
#include <string.h>

#include "homeserver/standalone/room_parts.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"
#include "store/memberships.h"

/* Stores the event itself, and that it comes after its previous ones. */
static enum err store_event(struct room_draft *draft, struct state_entry *entry)
{
    struct room *room = draft->room;
    struct db *db = room->writer->db;
    struct event_row row = {
        .room_nid = room->row.nid,
        .snapshot_nid = state_snapshot(room->state),
        .depth = event_depth_after(room->version, room->depth),
        .id = draft->made.event.id,
        .auth_nids = draft->auth_nids,
        .auth_nids_count = draft->auth_count,
    };
    enum err e = event_types_number(db, draft->new->type, &row.type_nid);

    if (!e && draft->new->state_key)
        e = room_key_number(room, draft->new->state_key, &row.state_key_nid);
    if (!e)
        e = events_insert(db, &row, &draft->made.nid);
    for (size_t i = 0; !e && i < draft->prev_count; i++)
        e = events_add_previous(db, draft->prev[i].id, draft->made.nid);
    *entry = (struct state_entry){row.type_nid, row.state_key_nid, draft->made.nid};
    return e;
}

/* Ends what invitations of the target are pending. */
static enum err retire_invites(const struct room_draft *draft, int64_t target_nid)
{
    const struct room *room = draft->room;
    const char **event_ids = NULL;
    size_t count = 0;
    enum err e =
        invites_retire(room->writer->db, room->row.nid, target_nid, room->writer->arena, &event_ids, &count);

    for (size_t i = 0; !e && i < count; i++)
        e = sync_retire_invite(room->writer->db, event_ids[i]);
    return e;
}

static enum err add_invite(const struct room_draft *draft, const struct membership_row *row)
{
    const struct room *room = draft->room;
    const struct invite invite = {
        .room_nid = row->room_nid,
        .target_nid = row->target_nid,
        .sender_nid = row->sender_nid,
        .event_id = draft->made.event.id,
        .json = draft->made.json.data,
    };
    struct buf headered = {0};
    enum err e = invites_insert(room->writer->db, &invite);

    if (!e && row->target_local)
        e = room_write_headered(draft, &draft->made.json, &headered);
    if (!e && row->target_local)
        e = sync_insert_invite(room->writer->db, draft->made.event.id, room->row.id, draft->new->state_key,
                               headered.data);
    buf_free(&headered);
    return e;
}

/* Whether the user is of this server. */
static bool is_local(const struct room_draft *draft, const char *user_id)
{
    struct user_id user;

    return user_id_parse(user_id, &user) && strcmp(user.server_name, draft->room->writer->server_name) == 0;
}

static enum membership membership_of(const char *name)
{
    static const struct {
        const char *name;
        enum membership membership;
    } names[] = {{"join", MEMBERSHIP_JOIN}, {"invite", MEMBERSHIP_INVITE}, {"knock", MEMBERSHIP_KNOCK}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].membership;
    return MEMBERSHIP_LEAVE;
}

static bool was_joined(const struct room_draft *draft)
{
    const json_t *event = draft->replaced ? draft->replaced->json : NULL;
    const char *membership = field_string(field_object(event, "content"), "membership");

    return membership && strcmp(membership, "join") == 0;
}

/* Tells the list of rooms of a membership. */
static void count_member(struct room_draft *draft, const struct membership_row *row)
{
    struct room_change *change = &draft->room->change;
    int64_t joined = (row->membership == MEMBERSHIP_JOIN) - was_joined(draft);

    change->joined += joined;
    change->joined_local += row->target_local ? joined : 0;
}

static enum err store_membership(struct room_draft *draft, int64_t target_nid)
{
    struct db *db = draft->room->writer->db;
    struct membership_row row = {
        .room_nid = draft->room->row.nid,
        .target_nid = target_nid,
        .event_nid = draft->made.nid,
        .membership = membership_of(draft->membership),
        .target_local = is_local(draft, draft->new->state_key),
    };
    enum membership before = MEMBERSHIP_JOIN;
    enum err e = ERR_OK;

    if (!was_joined(draft)) /* else nothing can be pending */
        e = memberships_find(db, row.room_nid, target_nid, &before);
    if (!e)
        e = room_key_number(draft->room, draft->new->sender, &row.sender_nid);
    if (!e)
        e = memberships_put(db, &row);
    count_member(draft, &row);
    if (!e && before == MEMBERSHIP_INVITE && row.membership != MEMBERSHIP_INVITE)
        e = retire_invites(draft, target_nid);
    if (!e && before != MEMBERSHIP_INVITE && row.membership == MEMBERSHIP_INVITE)
        e = add_invite(draft, &row);
    return e;
}

/* The position of the next event; it is written when the room is closed. */
static enum err next_position(struct room *room, int64_t *position)
{
    enum err e = room->position ? ERR_OK : sync_last(room->writer->db, SYNC_EVENTS, &room->position);

    *position = ++room->position;
    return e;
}

/* A JSON array with the id of what the event replaces. */
static enum err write_replaces(const struct room_draft *draft, struct buf *out)
{
    const char *id = draft->replaced->id;
    enum err e;

    buf_append(out, "[", 1);
    e = canonical_json_write_string(id, strlen(id), out);
    buf_append(out, "]", 1);
    return e ? e : out->err;
}

/* What clients are told of the event. */
static enum err fill_row(struct room_draft *draft)
{
    struct room *room = draft->room;
    struct made_event *made = &draft->made;
    json_t *event = made->event.json;
    enum err e = draft->replaced ? write_replaces(draft, &made->replaces) : ERR_OK;

    made->row = (struct sync_event){
        .depth = event_depth_after(room->version, room->depth),
        .room_id = room->row.id,
        .type = field_string(event, "type"),
        .sender = field_string(event, "sender"),
        .json = made->headered.data,
        .contains_url = json_object_get(draft->new->content, "url") != NULL,
        .visibility = room->visibility,
        .state_key = field_string(event, "state_key"),
        .replaces = made->replaces.data,
        .membership = draft->membership ? field_string(field_object(event, "content"), "membership") : NULL,
        .transaction_id = draft->new->transaction_id,
        .session_id = draft->new->session_id,
    };
    return e ? e : next_position(room, &made->row.position);
}

enum err room_store(struct room_draft *draft)
{
    struct state_entry entry;
    enum err e = store_event(draft, &entry);

    if (!e && draft->membership)
        e = store_membership(draft, entry.state_key_nid);
    if (!e && draft->new->state_key)
        e = state_put(draft->room->state, &entry);
    if (draft->new->state_key) {
        draft->room->change.state_events += !draft->replaced;
        draft->room->change.state |= !draft->membership;
    }
    return e ? e : fill_row(draft);
}

enum err room_store_signed(struct db *db, struct made_event *const *made, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++) {
        made[i]->row.id = made[i]->event.id; /* it may have been moved */
        e = events_insert_json(db, made[i]->nid, made[i]->json.data);
    }
    for (int table = 0; table < SYNC_TABLE__MAX; table++)
        for (size_t i = 0; !e && i < count; i++)
            e = sync_insert_event(db, (enum sync_table)table, &made[i]->row);
    return e;
}
