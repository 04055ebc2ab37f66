/* SPDX-License-Identifier: ISC */
/* One new event: what it refers to, its signature, whether it is allowed; room_store.c writes its rows. */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "crypto/base64.h"
#include "crypto/random.h"
#include "homeserver/standalone/room_parts.h"
#include "matrix/auth_rules.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"

static bool is_member_event(const struct new_event *event)
{
    return event->state_key && strcmp(event->type, "m.room.member") == 0;
}

static bool is_invitation(const struct room_draft *draft)
{
    return draft->membership && strcmp(draft->membership, "invite") == 0;
}

/* Fills auth_events from the current state. */
static enum err select_auth(struct room_draft *draft)
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
static void select_prev(struct room_draft *draft)
{
    const struct room *room = draft->room;

    for (; draft->prev_count < room->latest_count && draft->prev_count < EVENT_PREV_MAX;
         draft->prev_count++) {
        const struct extremity *extremity = &room->latest[draft->prev_count];

        draft->prev[draft->prev_count] = (struct event_reference){extremity->id, extremity->reference_hash};
    }
}

static enum err make_own_id(struct room_draft *draft)
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

/*
 * Builds the event, all but `unsigned`, which neither hash nor signature covers. What the signature is waited
 * for with is in rows of room_store_signed(); those of an invitation have more, and a client waits for what
 * it has sent.
 */
static enum err build(struct room_draft *draft)
{
    const struct room *room = draft->room;
    const struct event_proto proto = {
        .id = draft->own_id,
        .room_id = room->row.id,
        .sender = draft->new->sender,
        .type = draft->new->type,
        .state_key = draft->new->state_key,
        .redacts = draft->new->redacts,
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
    if (e)
        return e;
    draft->unsigned_yet = room->writer->pending && !is_invitation(draft) && !draft->new->transaction_id;
    return (draft->unsigned_yet ? event_prepare : event_build)(room->version, &proto, &signer,
                                                               &draft->made.event);
}

static json_t *get_for_rules(void *context, const char *type, const char *state_key)
{
    struct room_draft *draft = context;
    json_t *event = NULL;
    enum err e = room_state(draft->room, type, state_key, &event);

    if (e)
        draft->looked_up = e;
    return event;
}

/* What is signed here is signed by this server, and nobody else. */
static bool signed_by_us(void *context, json_t *event, const char *server_name)
{
    const struct room_draft *draft = context;

    (void)event;
    return strcmp(server_name, draft->room->writer->server_name) == 0;
}

static enum err authorise(struct room_draft *draft)
{
    const struct auth_state state = {get_for_rules, signed_by_us, draft};
    const char *reason = NULL;
    enum err e = auth_rules_check(draft->room->version, draft->made.event.json, &state, &reason);

    if (draft->looked_up)
        return draft->looked_up;
    if (e == ERR_DENIED)
        log_warning("room %s: %s by %s is not allowed: %s", draft->room->row.id, draft->new->type,
                    draft->new->sender, reason);
    return e;
}

/* Appends to `out` the event with `unsigned`, which is its last member in canonical order; NULL: without. */
static enum err write_with_unsigned(const struct room_draft *draft, json_t *unsigned_data, struct buf *out)
{
    const struct buf *text = &draft->made.event.text;
    enum err e = ERR_OK;

    buf_append(out, text->data, text->length - 1);
    if (unsigned_data) {
        buf_puts(out, ",\"unsigned\":");
        e = canonical_json_write(unsigned_data, draft->room->version->json, out);
    }
    buf_append(out, "}", 1);
    return e ? e : out->err;
}

static enum err write_json(struct room_draft *draft)
{
    enum err e = write_with_unsigned(draft, draft->new->unsigned_data, &draft->made.json);

    return !e && draft->made.json.length > EVENT_SIZE_MAX ? ERR_TOO_LARGE : e;
}

enum err room_write_headered(const struct room_draft *draft, const struct buf *json, struct buf *out)
{
    return event_write_headered(draft->room->version, draft->made.event.id, json->data, json->length, out);
}

/*
 * The event as clients get it in their histories: what it replaces stands in `unsigned` (Client-Server API,
 * "UnsignedData"), in place of what was there.
 */
static enum err write_for_clients(struct room_draft *draft)
{
    const struct known_event *replaced = draft->replaced;
    struct buf json = {0};
    json_t *unsigned_data;
    enum err e;

    if (!replaced)
        return room_write_headered(draft, &draft->made.json, &draft->made.headered);
    unsigned_data =
        json_pack("{s:O?, s:O?, s:s}", "prev_content", json_object_get(replaced->json, "content"),
                  "prev_sender", json_object_get(replaced->json, "sender"), "replaces_state", replaced->id);
    if (!unsigned_data)
        return ERR_NOMEM;
    e = write_with_unsigned(draft, unsigned_data, &json);
    if (!e)
        e = room_write_headered(draft, &json, &draft->made.headered);
    json_decref(unsigned_data);
    buf_free(&json);
    return e;
}

/* The new event takes the place of the extremities that it names. */
static void advance(struct room_draft *draft)
{
    struct room *room = draft->room;
    size_t rest = room->latest_count - draft->prev_count;

    memmove(room->latest + 1, room->latest + draft->prev_count, rest * sizeof *room->latest);
    room->latest[0].nid = draft->made.nid;
    memcpy(room->latest[0].id, draft->made.event.id, sizeof room->latest[0].id);
    memcpy(room->latest[0].reference_hash, draft->made.event.reference_hash, DIGEST_SHA256_SIZE);
    room->latest_count = rest + 1;
    room->depth = event_depth_after(room->version, room->depth);
    room->last_nid = draft->made.nid;
    if (draft->new->state_key)
        room_remember(room, draft->made.nid, &draft->made.event);
    if (draft->new->state_key && strcmp(draft->new->type, "m.room.history_visibility") == 0)
        room->visibility = room_visibility_of(draft->made.event.json);
}

/* Writes the rows that have the signature, now or later, but always in the order of the events. */
static enum err finish(struct room_draft *draft)
{
    const struct room_writer *writer = draft->room->writer;
    struct made_event *made = &draft->made;
    enum err e;

    if (draft->unsigned_yet)
        return room_pending_add(writer->pending, writer->db, made);
    e = room_pending_write(writer->pending, writer->db);
    return e ? e : room_store_signed(writer->db, &made, 1);
}

enum err room_append(struct room *room, const struct new_event *event, char id[ID_SIZE])
{
    struct room_draft draft = {.room = room, .new = event};
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
        e = room_store(&draft);
    if (!e) {
        advance(&draft);
        memcpy(id, draft.made.event.id, ID_SIZE);
        e = finish(&draft);
    }
    made_event_free(&draft.made);
    return e;
}

void made_event_free(struct made_event *made)
{
    event_free(&made->event);
    buf_free(&made->json);
    buf_free(&made->headered);
    buf_free(&made->replaces);
}
