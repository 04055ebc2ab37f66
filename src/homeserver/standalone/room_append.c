/* SPDX-License-Identifier: ISC */
/* One new event: from its content to the rows of all tables. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "crypto/base64.h"
#include "crypto/random.h"
#include "homeserver/standalone/room_parts.h"
#include "matrix/auth_rules.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"
#include "store/memberships.h"

/* An event in the making. */
struct draft {
    struct room *room;
    const struct new_event *new;
    char own_id[ID_SIZE]; /* in room versions 1 and 2, whose events do not get theirs from a hash */
    struct event_reference auth[AUTH_KEYS_MAX];
    int64_t auth_nids[AUTH_KEYS_MAX];
    size_t auth_count;
    struct event_reference prev[EVENT_PREV_MAX];
    size_t prev_count;
    struct event event;
    const struct known_event *replaced; /* what has its place in the state; NULL: nothing */
    const char *membership;             /* of m.room.member; NULL for others */
    struct buf json;                    /* as it is stored and sent: the event with its `unsigned` */
    struct buf headered;                /* as clients are told: with another `unsigned` */
    int64_t nid;
    enum err looked_up; /* why a look-up of the authorisation rules failed */
};

static bool is_member_event(const struct new_event *new)
{
    return new->state_key &&strcmp(new->type, "m.room.member") == 0;
}

/* Fills auth_events from the current state. */
static enum err select_auth(struct draft *draft)
{
    const struct new_event *new = draft->new;
    struct auth_key keys[AUTH_KEYS_MAX];
    size_t count =
        auth_rules_select(draft->room->version, new->type, new->sender, new->state_key, new->content, keys);

    for (size_t i = 0; i < count; i++) {
        const struct known_event *known;
        enum err e = room_state_known(draft->room, keys[i].type, keys[i].state_key, &known);

        if (e)
            return e;
        if (!known)
            continue;
        draft->auth[draft->auth_count] = (struct event_reference){known->id, known->reference_hash};
        draft->auth_nids[draft->auth_count++] = known->nid;
    }
    return ERR_OK;
}

/* Fills prev_events with the forward extremities; what one event cannot name is left to the next ones. */
static void select_prev(struct draft *draft)
{
    const struct room *room = draft->room;

    for (; draft->prev_count < room->latest_count && draft->prev_count < EVENT_PREV_MAX;
         draft->prev_count++) {
        const struct extremity *extremity = &room->latest[draft->prev_count];

        draft->prev[draft->prev_count] = (struct event_reference){extremity->id, extremity->reference_hash};
    }
}

static enum err make_own_id(struct draft *draft)
{
    unsigned char bytes[18];
    char opaque[BASE64_SIZE(sizeof bytes)];
    enum err e = random_bytes(bytes, sizeof bytes);

    if (e)
        return e;
    base64_encode(BASE64_URL, bytes, sizeof bytes, opaque);
    snprintf(draft->own_id, sizeof draft->own_id, "$%s:%s", opaque, draft->room->writer->server_name);
    return ERR_OK;
}

/* Builds and signs the event, all but `unsigned`, which neither hash nor signature covers. */
static enum err build(struct draft *draft)
{
    const struct room *room = draft->room;
    const struct event_proto proto = {
        .id = draft->own_id,
        .room_id = room->row.id,
        .sender = draft->new->sender,
        .type = draft->new->type,
        .state_key = draft->new->state_key,
        .content = draft->new->content,
        .depth = event_depth_after(room->version, room->depth),
        .origin_server_ts = room->writer->now_ms,
        .prev_events = draft->prev,
        .auth_events = draft->auth,
        .prev_events_count = draft->prev_count,
        .auth_events_count = draft->auth_count,
    };
    const struct event_signer signer = {room->writer->server_name, &room->writer->key};
    enum err e = ERR_OK;

    if (room->version->event_id == EVENT_ID_STORED)
        e = make_own_id(draft);
    return e ? e : event_build(room->version, &proto, &signer, &draft->event);
}

static json_t *get_for_rules(void *context, const char *type, const char *state_key)
{
    struct draft *draft = context;
    json_t *event = NULL;
    enum err e = room_state(draft->room, type, state_key, &event);

    if (e)
        draft->looked_up = e;
    return event;
}

/* What is signed here is signed by this server, and nobody else. */
static bool signed_by_us(void *context, json_t *event, const char *server_name)
{
    const struct draft *draft = context;

    (void)event;
    return strcmp(server_name, draft->room->writer->server_name) == 0;
}

static enum err authorise(struct draft *draft)
{
    const struct auth_state state = {get_for_rules, signed_by_us, draft};
    const char *reason = NULL;
    enum err e = auth_rules_check(draft->room->version, draft->event.json, &state, &reason);

    if (draft->looked_up)
        return draft->looked_up;
    if (e == ERR_DENIED)
        log_warning("room %s: %s by %s is not allowed: %s", draft->room->row.id, draft->new->type,
                    draft->new->sender, reason);
    return e;
}

/* Appends to `out` the event with `unsigned`, which is its last member in canonical order; NULL: without. */
static enum err write_with_unsigned(const struct draft *draft, json_t *unsigned_data, struct buf *out)
{
    const struct buf *text = &draft->event.text;
    enum err e = ERR_OK;

    buf_append(out, text->data, text->length - 1);
    if (unsigned_data) {
        buf_puts(out, ",\"unsigned\":");
        e = canonical_json_write(unsigned_data, draft->room->version->json, out);
    }
    buf_append(out, "}", 1);
    return e ? e : out->err;
}

static enum err write_json(struct draft *draft)
{
    enum err e = write_with_unsigned(draft, draft->new->unsigned_data, &draft->json);

    return !e && draft->json.length > EVENT_SIZE_MAX ? ERR_TOO_LARGE : e;
}

/* Appends the headered form of the event as others are sent it. */
static enum err write_headered(const struct draft *draft, const struct buf *json, struct buf *out)
{
    return event_write_headered(draft->room->version, draft->event.id, json->data, json->length, out);
}

/*
 * The event as clients get it in their histories: what it replaces stands in `unsigned` (Client-Server API,
 * "UnsignedData"), in place of what was there.
 */
static enum err write_for_clients(struct draft *draft)
{
    const struct known_event *replaced = draft->replaced;
    struct buf json = {0};
    json_t *unsigned_data;
    enum err e;

    if (!replaced)
        return write_headered(draft, &draft->json, &draft->headered);
    unsigned_data =
        json_pack("{s:O?, s:O?, s:s}", "prev_content", json_object_get(replaced->json, "content"),
                  "prev_sender", json_object_get(replaced->json, "sender"), "replaces_state", replaced->id);
    if (!unsigned_data)
        return ERR_NOMEM;
    e = write_with_unsigned(draft, unsigned_data, &json);
    if (!e)
        e = write_headered(draft, &json, &draft->headered);
    json_decref(unsigned_data);
    buf_free(&json);
    return e;
}

/* Stores the event itself, and that it comes after its previous ones. */
static enum err store_event(struct draft *draft, struct state_entry *entry)
{
    struct room *room = draft->room;
    struct db *db = room->writer->db;
    struct event_row row = {
        .room_nid = room->row.nid,
        .snapshot_nid = state_snapshot(room->state),
        .depth = event_depth_after(room->version, room->depth),
        .id = draft->event.id,
        .auth_nids = draft->auth_nids,
        .auth_nids_count = draft->auth_count,
        .json = draft->json.data,
    };
    enum err e = event_types_number(db, draft->new->type, &row.type_nid);

    if (!e && draft->new->state_key)
        e = room_key_number(room, draft->new->state_key, &row.state_key_nid);
    if (!e)
        e = events_insert(db, &row, &draft->nid);
    for (size_t i = 0; !e && i < draft->prev_count; i++)
        e = events_add_previous(db, draft->prev[i].id, draft->nid);
    *entry = (struct state_entry){row.type_nid, row.state_key_nid, draft->nid};
    return e;
}

/* Ends what invitations of the target are pending. */
static enum err retire_invites(const struct draft *draft, int64_t target_nid)
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

static enum err add_invite(const struct draft *draft, const struct membership_row *row)
{
    const struct room *room = draft->room;
    const struct invite invite = {
        .room_nid = row->room_nid,
        .target_nid = row->target_nid,
        .sender_nid = row->sender_nid,
        .event_id = draft->event.id,
        .json = draft->json.data,
    };
    struct buf headered = {0};
    enum err e = invites_insert(room->writer->db, &invite);

    if (!e && row->target_local)
        e = write_headered(draft, &draft->json, &headered);
    if (!e && row->target_local)
        e = sync_insert_invite(room->writer->db, draft->event.id, room->row.id, draft->new->state_key,
                               headered.data);
    buf_free(&headered);
    return e;
}

/* Whether the user is of this server. */
static bool is_local(const struct draft *draft, const char *user_id)
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

static bool was_joined(const struct draft *draft)
{
    const json_t *event = draft->replaced ? draft->replaced->json : NULL;
    const char *membership = field_string(field_object(event, "content"), "membership");

    return membership && strcmp(membership, "join") == 0;
}

static enum err store_membership(struct draft *draft, int64_t target_nid)
{
    struct db *db = draft->room->writer->db;
    struct membership_row row = {
        .room_nid = draft->room->row.nid,
        .target_nid = target_nid,
        .event_nid = draft->nid,
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

static enum err store_for_clients(struct draft *draft)
{
    struct room *room = draft->room;
    struct sync_event row = {
        .depth = event_depth_after(room->version, room->depth),
        .id = draft->event.id,
        .room_id = room->row.id,
        .type = draft->new->type,
        .sender = draft->new->sender,
        .json = draft->headered.data,
        .contains_url = json_object_get(draft->new->content, "url") != NULL,
        .visibility = room->visibility,
        .state_key = draft->new->state_key,
        .membership = draft->membership,
        .transaction_id = draft->new->transaction_id,
        .session_id = draft->new->session_id,
    };
    struct buf replaces = {0};
    enum err e = next_position(room, &row.position);

    if (!e && draft->replaced) {
        buf_append(&replaces, "[", 1);
        e = canonical_json_write_string(draft->replaced->id, strlen(draft->replaced->id), &replaces);
        buf_append(&replaces, "]", 1);
        row.replaces = replaces.data;
    }
    if (!e)
        e = replaces.err;
    if (!e)
        e = sync_insert_event(room->writer->db, &row);
    buf_free(&replaces);
    return e;
}

/* All rows; the state and the extremities of `room` move on when they are written. */
static enum err store(struct draft *draft)
{
    struct state_entry entry;
    enum err e = store_event(draft, &entry);

    if (!e && draft->membership)
        e = store_membership(draft, entry.state_key_nid);
    if (!e)
        e = store_for_clients(draft);
    if (!e && draft->new->state_key)
        e = state_put(draft->room->state, &entry);
    return e;
}

/* The new event takes the place of the extremities that it names. */
static void advance(struct draft *draft)
{
    struct room *room = draft->room;
    size_t rest = room->latest_count - draft->prev_count;

    memmove(room->latest + 1, room->latest + draft->prev_count, rest * sizeof *room->latest);
    room->latest[0].nid = draft->nid;
    memcpy(room->latest[0].id, draft->event.id, sizeof room->latest[0].id);
    memcpy(room->latest[0].reference_hash, draft->event.reference_hash, DIGEST_SHA256_SIZE);
    room->latest_count = rest + 1;
    room->depth = event_depth_after(room->version, room->depth);
    room->last_nid = draft->nid;
    if (draft->new->state_key)
        room_remember(room, draft->nid, &draft->event);
    if (draft->new->state_key && strcmp(draft->new->type, "m.room.history_visibility") == 0)
        room->visibility = room_visibility_of(draft->event.json);
}

enum err room_append(struct room *room, const struct new_event *event, char id[ID_SIZE])
{
    struct draft draft = {.room = room, .new = event};
    enum err e = select_auth(&draft);

    if (is_member_event(event))
        draft.membership = field_string(event->content, "membership");
    select_prev(&draft);
    if (!e)
        e = build(&draft);
    if (!e)
        e = authorise(&draft);
    if (!e)
        e = write_json(&draft);
    if (!e && event->state_key)
        e = room_state_known(room, event->type, event->state_key, &draft.replaced);
    if (!e)
        e = write_for_clients(&draft);
    if (!e)
        e = store(&draft);
    if (!e) {
        advance(&draft);
        memcpy(id, draft.event.id, ID_SIZE);
    }
    event_free(&draft.event);
    buf_free(&draft.json);
    buf_free(&draft.headered);
    return e;
}
