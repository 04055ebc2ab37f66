/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "matrix/event_check.h"
#include "matrix/field.h"
#include "matrix/room_id.h"
#include "matrix/signed_json.h"

/* One member of the event format. */
struct member {
    const char *name;
    json_type type;
    bool optional;
    size_t size_max; /* of a string: bytes; of an array: elements */
};

static const struct member members[] = {
    {"type", JSON_STRING, false, EVENT_KEY_MAX},
    {"state_key", JSON_STRING, true, EVENT_KEY_MAX},
    {"sender", JSON_STRING, false, EVENT_KEY_MAX},
    {"room_id", JSON_STRING, false, EVENT_KEY_MAX},
    {"redacts", JSON_STRING, true, EVENT_KEY_MAX},
    {"content", JSON_OBJECT, false, 0},
    {"unsigned", JSON_OBJECT, true, 0},
    {"hashes", JSON_OBJECT, false, 0},
    {"signatures", JSON_OBJECT, false, 0},
    {"depth", JSON_INTEGER, false, 0},
    {"origin_server_ts", JSON_INTEGER, false, 0},
    {"prev_events", JSON_ARRAY, false, EVENT_PREV_MAX},
    {"auth_events", JSON_ARRAY, false, EVENT_AUTH_MAX},
};

static const struct member stored_id = {"event_id", JSON_STRING, false, EVENT_KEY_MAX};

static enum err check_member(const json_t *event, const struct member *member)
{
    const json_t *value = json_object_get(event, member->name);

    if (!value)
        return member->optional ? ERR_OK : ERR_INVALID;
    if (json_typeof(value) != member->type)
        return ERR_INVALID;
    /* No id may hold U+0000; no type or state key that we compare as a C string may either. */
    if (json_is_string(value) && !field_string(event, member->name))
        return ERR_INVALID;
    if (json_is_string(value) && json_string_length(value) > member->size_max)
        return ERR_TOO_LARGE;
    return json_array_size(value) > member->size_max ? ERR_TOO_LARGE : ERR_OK;
}

/* An id, or in room versions 1 and 2 a pair of id and {"sha256": "…"}. */
static bool is_reference(const struct room_version *version, const json_t *value)
{
    const char *id;

    if (version->event_id == EVENT_ID_STORED) {
        if (json_array_size(value) != 2 || !field_string(json_array_get(value, 1), "sha256"))
            return false;
        value = json_array_get(value, 0);
    }
    id = json_string_value(value);
    return id && strlen(id) == json_string_length(value) && event_id_valid(id);
}

static bool are_references(const struct room_version *version, const json_t *array)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!is_reference(version, json_array_get(array, i)))
            return false;
    return true;
}

/* What is wrong beyond types and sizes; NULL if nothing. */
static const char *find_fault(const struct room_version *version, const json_t *event)
{
    struct user_id sender;
    struct room_id room;
    json_int_t depth = 0;

    if (!user_id_parse(field_string(event, "sender"), &sender))
        return "sender";
    if (!room_id_parse(field_string(event, "room_id"), &room))
        return "room_id";
    if (!field_integer(event, "depth", &depth) || depth < 0)
        return "depth";
    if (!are_references(version, json_object_get(event, "prev_events")))
        return "prev_events";
    if (!are_references(version, json_object_get(event, "auth_events")))
        return "auth_events";
    if (version->event_id == EVENT_ID_STORED && !event_id_valid(field_string(event, "event_id")))
        return "event_id";
    return NULL;
}

enum err event_check_format(const struct room_version *version, const json_t *event, const char **fault)
{
    const char *ignored;
    enum err e = ERR_OK;

    if (!fault)
        fault = &ignored;
    for (size_t i = 0; i < sizeof members / sizeof *members && !e; i++) {
        *fault = members[i].name;
        e = check_member(event, &members[i]);
    }
    if (!e && version->event_id == EVENT_ID_STORED) {
        *fault = stored_id.name;
        e = check_member(event, &stored_id);
    }
    if (e)
        return e;
    *fault = find_fault(version, event);
    return *fault ? ERR_INVALID : ERR_OK;
}

enum err event_check_hash(const struct room_version *version, json_t *event)
{
    const char *encoded = field_string(field_object(event, "hashes"), "sha256");
    unsigned char stated[DIGEST_SHA256_SIZE], computed[DIGEST_SHA256_SIZE];
    size_t size = sizeof stated;
    enum err e;

    if (!encoded)
        return ERR_NOT_FOUND;
    e = event_content_hash(version, event, computed);
    if (e)
        return e;
    if (base64_decode(encoded, stated, &size) || size != sizeof stated ||
        memcmp(stated, computed, sizeof stated) != 0)
        return ERR_DENIED;
    return ERR_OK;
}

enum err event_check_signature(const struct room_version *version, json_t *event, const char *server_name,
                               const char *key_id, const unsigned char public[ED25519_PUBLIC_SIZE])
{
    struct buf essential = {0};
    enum err e = event_essential(version, event, &essential);

    if (!e)
        e = signed_json_check(event, &essential, server_name, key_id, public);
    buf_free(&essential);
    return e;
}
