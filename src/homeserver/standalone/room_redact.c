/* SPDX-License-Identifier: ISC */
/* The redaction of one event: the event that redacts it, and all copies of the one that is redacted. */
#include <string.h>

#include "homeserver/standalone/room_parts.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"
#include "matrix/power_levels.h"
#include "matrix/redaction.h"
#include "store/redactions.h"

#define TYPE_MEMBER 5 /* a fixed number of Dendrite's */

/* The event that is to be redacted. */
struct redacted {
    struct room *room;
    const struct new_redaction *redaction;
    struct event_place place;
    json_t *json;
    char by[ID_SIZE];    /* the event that redacts it */
    struct buf text;     /* scratch */
    struct buf headered; /* likewise */
};

static enum err find(struct redacted *redacted)
{
    struct room *room = redacted->room;
    struct db *db = room->writer->db;
    enum err e = room_pending_write(room->writer->pending, db);

    if (!e)
        e = events_locate(db, redacted->redaction->event_id, &redacted->place);
    if (!e && redacted->place.room_nid != room->row.nid)
        e = ERR_NOT_FOUND;
    if (!e)
        e = events_find(db, redacted->place.nid, &room->stored);
    if (!e)
        e = canonical_json_read(room->stored.json.data, room->stored.json.length, &redacted->json);
    return e;
}

/* The level of a user in the current state, and that which redacting what others sent takes. */
static enum err has_redact_level(struct room *room, const char *user_id, bool *has)
{
    struct power_levels levels = {.version = room->version};
    const struct known_event *known = NULL;
    json_t *content = NULL;
    enum err e = room_state_known(room, "m.room.create", "", &known);

    if (!e && known)
        power_levels_take_creators(&levels, known->json);
    /* Whose event may be forgotten for the next one. */
    levels.creator = !e && levels.creator ? arena_strdup(room->writer->arena, levels.creator) : NULL;
    if (!e)
        e = room_state_known(room, "m.room.power_levels", "", &known);
    content = !e && known ? field_object(known->json, "content") : NULL;
    levels.content = content;
    *has = !e && power_levels_of_user(&levels, user_id) >= power_levels_get(&levels, POWER_LEVEL_REDACT);
    return e;
}

static bool is_of_our_server(const struct redacted *redacted)
{
    const char *sender = field_string(redacted->json, "sender");
    struct user_id user;

    return sender && user_id_parse(sender, &user) &&
           strcmp(user.server_name, redacted->room->writer->server_name) == 0;
}

/*
 * Whether the redaction takes effect ("Handling redactions" of the room versions): an event that is sent and
 * then ignored would only be in the way. The rules for sending it are room_append()'s.
 */
static enum err authorise(struct redacted *redacted, const char **why)
{
    const char *sender = redacted->redaction->sender, *membership;
    bool allowed = is_of_our_server(redacted);
    enum err e = room_membership(redacted->room, sender, &membership);

    if (!e && strcmp(membership, "join") != 0) {
        *why = "Whoever redacts it has to be in the room";
        return ERR_DENIED;
    }
    if (!e && !allowed)
        e = has_redact_level(redacted->room, sender, &allowed);
    if (e || allowed)
        return e;
    *why = "Whoever redacts what a user of another server has sent needs the room's power level for that";
    return ERR_DENIED;
}

/* Appends the event that redacts. */
static enum err append(struct redacted *redacted)
{
    const struct new_redaction *redaction = redacted->redaction;
    const struct new_event event = {
        .sender = redaction->sender,
        .type = "m.room.redaction",
        .redacts = redaction->event_id,
        .content = json_pack("{s:s*}", "reason", redaction->reason),
    };
    enum err e = event.content ? room_append(redacted->room, &event, redacted->by) : ERR_NOMEM;

    json_decref(event.content);
    return e;
}

/* What is said in a redacted event of that which redacted it: clients of any age find `redacts` in it. */
static json_t *unsigned_of(const struct redacted *redacted)
{
    const struct room *room = redacted->room;
    const struct new_redaction *redaction = redacted->redaction;

    return json_pack("{s:{s:{s:s*, s:s}, s:s, s:I, s:s, s:s, s:s}, s:s}", "redacted_because", "content",
                     "reason", redaction->reason, "redacts", redaction->event_id, "event_id", redacted->by,
                     "origin_server_ts", (json_int_t)room->writer->now_ms, "redacts", redaction->event_id,
                     "sender", redaction->sender, "type", "m.room.redaction", "redacted_by", redacted->by);
}

/* Writes what is left of the event, and adds to its `unsigned` what redacted it. */
static enum err rewrite(struct redacted *redacted, json_t **left)
{
    const struct room *room = redacted->room;
    const char *event_id = redacted->redaction->event_id;
    enum err e = redaction_apply(room->version, redacted->json, left);

    if (!e && json_object_set_new(*left, "unsigned", unsigned_of(redacted)) < 0)
        e = ERR_NOMEM;
    if (!e)
        e = canonical_json_write(*left, room->version->json, &redacted->text);
    if (!e)
        e = event_write_headered(room->version, event_id, redacted->text.data, redacted->text.length,
                                 &redacted->headered);
    if (!e)
        e = events_replace_json(room->writer->db, redacted->place.nid, redacted->text.data);
    return e ? e : redactions_replace_shown(room->writer->db, event_id, redacted->headered.data);
}

/* Puts `content` into the place of the former content that the event `headered` shows, if it is that of
 * `event_id`. */
static enum err replace_previous(const char *event_id, json_t *headered, json_t *content, bool *replaced)
{
    json_t *unsigned_data = field_object(headered, "unsigned");
    const char *replaces = field_string(unsigned_data, "replaces_state");

    *replaced = replaces && strcmp(replaces, event_id) == 0 && json_object_get(unsigned_data, "prev_content");
    return *replaced && json_object_set(unsigned_data, "prev_content", content) < 0 ? ERR_NOMEM : ERR_OK;
}

/* The user's next membership shows clients the content of the one before. */
static enum err rewrite_next(struct redacted *redacted, json_t *left)
{
    const struct room *room = redacted->room;
    const struct event_place *place = &redacted->place;
    const char *next_id = NULL;
    json_t *next = NULL;
    bool replaced = false;
    enum err e;

    buf_clear(&redacted->text);
    e = redactions_next_membership(room->writer->db, place->room_nid, place->state_key_nid, place->nid,
                                   room->writer->arena, &next_id, &redacted->text);
    if (!e)
        e = canonical_json_read(redacted->text.data, redacted->text.length, &next);
    if (!e)
        e = replace_previous(redacted->redaction->event_id, next, field_object(left, "content"), &replaced);
    buf_clear(&redacted->text);
    if (!e && replaced)
        e = canonical_json_write(next, room->version->json, &redacted->text);
    if (!e && replaced)
        e = redactions_replace_shown(room->writer->db, next_id, redacted->text.data);
    json_decref(next);
    return e == ERR_NOT_FOUND ? ERR_OK : e == ERR_INVALID ? ERR_CORRUPT : e;
}

static enum err apply(struct redacted *redacted)
{
    struct room *room = redacted->room;
    const char *event_id = redacted->redaction->event_id;
    json_t *left = NULL;
    enum err e = rewrite(redacted, &left);

    if (!e && redacted->place.type_nid == TYPE_MEMBER)
        e = rewrite_next(redacted, left);
    if (!e)
        e = redactions_insert(room->writer->db, redacted->by, event_id);
    if (!e)
        e = redactions_forget_relations(room->writer->db, room->row.id, event_id);
    if (!e && redacted->place.state_key_nid != STATE_KEY_NONE) {
        room_forget(room); /* what it was is known no more */
        room->change.state = true;
    }
    json_decref(left);
    return e;
}

enum err room_redact(struct room *room, const struct new_redaction *redaction, const char **why)
{
    struct redacted redacted = {.room = room, .redaction = redaction};
    bool already;
    enum err e = find(&redacted);

    /* Such as another homeserver may take, nested by the thousand: it keeps nobody from redacting the rest.
     */
    *why = e == ERR_INVALID ? "The event cannot be read" : NULL;
    already = field_object(field_object(redacted.json, "unsigned"), "redacted_because") != NULL;
    if (!e && !already)
        e = authorise(&redacted, why);
    if (!e && !already)
        e = append(&redacted);
    if (!e && !already)
        e = apply(&redacted);
    json_decref(redacted.json);
    buf_free(&redacted.text);
    buf_free(&redacted.headered);
    return e;
}
