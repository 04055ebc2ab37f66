/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "matrix/client_event.h"
#include "matrix/event.h"
#include "matrix/field.h"
#include "matrix/redaction.h"

/* What is shown as it stands. */
static const char *const kept[] = {"type", "state_key", "sender", "content", "origin_server_ts"};

/* What is shown twice: in `unsigned`, and beside it as in the first version of the API. */
static const char *const twice[] = {"age", "redacted_because", "replaces_state", "prev_content"};

/* Of another server's clock, or of the moment when it was stored; or for who is invited or knocks. */
static const char *const of_others[] = {"age", "age_ts", "invite_room_state", "knock_room_state"};

/* What Dendrite adds to an event, for itself. */
static const char *const headers[] = {"_event_id", "_room_version"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Shares the member, if there is one. False when memory is gone. */
static bool share(json_t *target, const char *name, json_t *value)
{
    return !value || json_object_set(target, name, value) == 0;
}

static bool set_text(json_t *target, const char *name, const char *text)
{
    return !text || json_object_set_new(target, name, json_string(text)) == 0;
}

static bool share_all(json_t *target, json_t *source, const char *const *names, size_t count)
{
    bool done = true;

    for (size_t i = 0; done && i < count; i++)
        done = share(target, names[i], json_object_get(source, names[i]));
    return done;
}

/* A new object with the same members; NULL in place of `object` gives an empty one. json_copy() is not used:
 * with memory short it can return less than the whole. */
static json_t *copy_of(json_t *object)
{
    json_t *copy = json_object();

    if (!copy || !object || json_object_update(copy, object) == 0)
        return copy;
    json_decref(copy);
    return NULL;
}

/*
 * Names the event that a redaction redacts in both places that room versions have had for it
 * ("m.room.redaction": servers do that for clients of every age).
 */
static bool set_redacts(json_t *shown, const json_t *event)
{
    json_t *content = json_object_get(shown, "content");
    const char *redacts = field_string(event, "redacts");
    json_t *copy;
    bool done;

    if (!redacts)
        redacts = field_string(content, "redacts");
    if (!redacts || !json_is_object(content))
        return true;
    copy = copy_of(content);
    done = copy && set_text(copy, "redacts", redacts) && set_text(shown, "redacts", redacts);
    return json_object_set_new(shown, "content", copy) == 0 && done;
}

/* The redaction that is noted in an event; NULL: none. Dendrite's roomserver has written its own form of it.
 */
static json_t *redaction_of(const json_t *event)
{
    json_t *redaction = field_object(field_object(event, "unsigned"), "redacted_because");
    json_t *inside = field_object(redaction, "PDU");

    return inside ? inside : redaction;
}

/* The redaction itself, whose id may stand nowhere. */
static bool set_redaction(json_t *data, json_t *redaction, const struct client_event *of)
{
    struct client_event about = {.version = of->version, .room_id = of->room_id, .now = of->now};
    char id[ID_SIZE];

    if (!redaction)
        return true;
    about.id = field_string(redaction, "event_id");
    if (!about.id)
        about.id = field_string(redaction, "_event_id");
    if (!about.id && about.version && !event_id_of(about.version, redaction, id))
        about.id = id;
    return json_object_set_new(data, "redacted_because", client_event_new(redaction, &about)) == 0 &&
           set_text(data, "redacted_by", about.id);
}

/* Says what was there before, unless the event says it itself. */
static bool set_replaced(json_t *data, const struct client_event *about)
{
    if (!about->replaces || json_object_get(data, "replaces_state"))
        return true;
    return set_text(data, "replaces_state", about->replaces) &&
           share(data, "prev_content", json_object_get(about->replaced_event, "content")) &&
           share(data, "prev_sender", json_object_get(about->replaced_event, "sender"));
}

static bool set_unsigned(json_t *shown, const json_t *event, const struct client_event *about)
{
    json_t *stored = field_object(event, "unsigned");
    json_t *data = copy_of(stored);
    json_int_t sent = 0;
    bool done;

    for (size_t i = 0; i < COUNT(of_others); i++)
        json_object_del(data, of_others[i]);
    done = data && set_redaction(data, redaction_of(event), about) && set_replaced(data, about);
    if (done && field_integer(event, "origin_server_ts", &sent))
        done = json_object_set_new(data, "age", json_integer(about->now - sent)) == 0;
    done = done && share_all(shown, data, twice, COUNT(twice));
    return json_object_set_new(shown, "unsigned", data) == 0 && done;
}

/* The event without what its redaction takes away, as a new reference. */
static json_t *redacted(json_t *event, const struct client_event *about)
{
    json_t *less = NULL;

    if (!redaction_of(event) || !about->version || redaction_apply(about->version, event, &less))
        return json_incref(event);
    return less;
}

json_t *client_event_new(json_t *event, const struct client_event *about)
{
    json_t *source = redacted(event, about);
    json_t *shown = json_object();
    const char *sender = field_string(event, "sender");

    if (shown && share_all(shown, source, kept, COUNT(kept)) && set_text(shown, "user_id", sender) &&
        set_text(shown, "event_id", about->id) && set_text(shown, "room_id", about->room_id) &&
        set_redacts(shown, source) && set_unsigned(shown, event, about))
        goto out;
    json_decref(shown);
    shown = NULL;
out:
    json_decref(source);
    return shown;
}

json_t *client_event_whole(json_t *event, const struct client_event *about)
{
    json_t *whole = copy_of(event);
    json_t *data = copy_of(field_object(event, "unsigned"));
    json_int_t sent = 0;
    bool done = whole && data && set_text(whole, "event_id", about->id);

    if (done && field_integer(event, "origin_server_ts", &sent))
        done = json_object_set_new(data, "age", json_integer(about->now - sent)) == 0;
    for (size_t i = 0; i < COUNT(headers); i++)
        json_object_del(whole, headers[i]);
    if (done && json_object_set(whole, "unsigned", data) == 0)
        goto out;
    json_decref(whole);
    whole = NULL;
out:
    json_decref(data);
    return whole;
}
