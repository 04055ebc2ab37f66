/* SPDX-License-Identifier: ISC */
/* The events that the room writer looks at: read once, and kept while they are of use. */
#include <string.h>

#include "base/log.h"
#include "homeserver/standalone/room_parts.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"
#include "matrix/json_text.h"

/* The kept event `nid`; otherwise a place for it: a free one, or that of the event not used for longest. */
static struct known_event *find(struct room *room, int64_t nid)
{
    struct known_event *oldest = &room->known[0];

    for (size_t i = 0; i < KNOWN_EVENTS; i++) {
        struct known_event *known = &room->known[i];

        if (known->nid == nid)
            return known;
        if (known->used < oldest->used)
            oldest = known;
    }
    return oldest;
}

static void forget(struct known_event *known)
{
    json_decref(known->json);
    *known = (struct known_event){0};
}

/*
 * Only what is asked of a member's event, its sender and content; parsing the rest of it would be a tenth of
 * the work when a large room is evacuated. NULL when that is not to be had so.
 */
static json_t *parse_member(const struct buf *text)
{
    struct json_piece content, sender;
    json_t *parsed = NULL;

    if (!json_text_member(text->data, text->length, "content", &content) ||
        !json_text_member(text->data, text->length, "sender", &sender) || sender.size < 2 ||
        *sender.bytes != '"' || memchr(sender.bytes, '\\', sender.size) ||
        canonical_json_read(content.bytes, content.size, &parsed))
        return NULL;
    return json_pack("{s:o, s:s%}", "content", parsed, "sender", sender.bytes + 1, sender.size - 2);
}

/* Reads the event into a place that is free. */
static enum err read(struct room *room, int64_t nid, bool member, struct known_event *known)
{
    const struct room_writer *writer = room->writer;
    struct stored_event *stored = &room->stored;
    bool hashed = room->version->event_id == EVENT_ID_STORED;
    enum err e = ERR_OK;

    if (room_pending_has(writer->pending, nid))
        e = room_pending_write(writer->pending, writer->db);
    if (!e)
        e = events_find(writer->db, nid, stored);
    if (!e && member && !hashed)
        known->json = parse_member(&stored->json);
    if (!e && !known->json)
        e = canonical_json_read(stored->json.data, stored->json.length, &known->json);
    if (!e && hashed)
        e = event_reference_hash(room->version, known->json, known->reference_hash);
    if (e == ERR_INVALID) {
        log_error("database: the event number %lld is malformed", (long long)nid);
        e = ERR_CORRUPT;
    }
    if (e) {
        forget(known);
        return e;
    }
    memcpy(known->id, stored->id, sizeof known->id);
    known->nid = nid;
    return ERR_OK;
}

/* The event, as one of a member if it is none that is known already. */
static enum err know(struct room *room, int64_t nid, bool member, const struct known_event **out)
{
    struct known_event *known = find(room, nid);
    enum err e = ERR_OK;

    if (known->nid != nid) {
        forget(known);
        e = read(room, nid, member, known);
    }
    known->used = ++room->uses;
    *out = known;
    return e;
}

enum err room_known(struct room *room, int64_t nid, const struct known_event **known)
{
    return know(room, nid, false, known);
}

static const struct known_key *find_key(const struct room *room, const char *state_key)
{
    static const struct known_key empty = {.nid = STATE_KEY_EMPTY};

    if (!*state_key)
        return &empty;
    for (size_t i = 0; i < KNOWN_KEYS; i++)
        if (room->keys[i].nid && strcmp(room->keys[i].state_key, state_key) == 0)
            return &room->keys[i];
    return NULL;
}

/* Gets the number, from `ask` if it is not known, and keeps it. */
static enum err key_number(struct room *room, const char *state_key, int64_t *nid,
                           enum err (*ask)(struct db *db, const char *state_key, int64_t *nid))
{
    const struct known_key *known = find_key(room, state_key);
    struct known_key *place = &room->keys[room->next_key];
    enum err e = ERR_OK;

    if (known)
        *nid = known->nid;
    else
        e = ask(room->writer->db, state_key, nid);
    if (known || e || strlen(state_key) >= sizeof place->state_key)
        return e;
    place->nid = *nid;
    strcpy(place->state_key, state_key);
    room->next_key = (room->next_key + 1) % KNOWN_KEYS;
    return ERR_OK;
}

enum err room_key_number(struct room *room, const char *state_key, int64_t *nid)
{
    return key_number(room, state_key, nid, state_keys_number);
}

enum err room_state_known(struct room *room, const char *type, const char *state_key,
                          const struct known_event **known)
{
    int64_t type_nid, state_key_nid, nid;
    enum err e = event_types_find(room->writer->db, type, &type_nid);

    *known = NULL;
    if (!e)
        e = key_number(room, state_key, &state_key_nid, state_keys_find);
    if (e) /* what has no number is the type or state key of no event */
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    nid = state_get(room->state, type_nid, state_key_nid);
    return nid ? know(room, nid, strcmp(type, "m.room.member") == 0, known) : ERR_OK;
}

void room_forget(struct room *room)
{
    for (size_t i = 0; i < KNOWN_EVENTS; i++)
        forget(&room->known[i]);
}

void room_remember(struct room *room, int64_t nid, const struct event *event)
{
    struct known_event *known = find(room, nid);

    forget(known);
    known->nid = nid;
    known->used = ++room->uses;
    known->json = json_incref(event->json);
    memcpy(known->id, event->id, sizeof known->id);
    memcpy(known->reference_hash, event->reference_hash, sizeof known->reference_hash);
}

enum history_visibility room_visibility_of(const json_t *event)
{
    static const struct {
        const char *name;
        enum history_visibility visibility;
    } names[] = {
        {"world_readable", HISTORY_WORLD_READABLE},
        {"invited", HISTORY_INVITED},
        {"joined", HISTORY_JOINED},
    };
    const char *name = field_string(field_object(event, "content"), "history_visibility");

    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].visibility;
    return HISTORY_SHARED;
}
