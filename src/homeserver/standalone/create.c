/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "crypto/base64.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "homeserver/standalone/create.h"
#include "homeserver/standalone/member.h"
#include "matrix/room_version.h"

#define OPAQUE_BYTES    12
#define CREATOR_LEVEL   100
#define POWERLESS_LEVEL (-10) /* Synapse's and Dendrite's for whom notices are sent to */

enum err room_make_id(const struct room_writer *writer, const char *key, char room_id[ID_SIZE])
{
    unsigned char bytes[DIGEST_SHA256_SIZE];
    char opaque[BASE64_SIZE(OPAQUE_BYTES)];
    enum err e = key ? digest_sha256(key, strlen(key), bytes) : random_bytes(bytes, OPAQUE_BYTES);

    if (e)
        return e;
    base64_encode(BASE64_URL, bytes, OPAQUE_BYTES, opaque);
    snprintf(room_id, ID_SIZE, "!%s:%s", opaque, writer->server_name);
    return ERR_OK;
}

/* Appends a state event of the creator with the state key ""; `content` is taken over. */
static enum err append(struct room *room, const struct room_design *design, const char *type, json_t *content)
{
    const struct new_event event = {
        .sender = design->creator, .type = type, .state_key = "", .content = content};
    char event_id[ID_SIZE];
    enum err e = content ? room_append(room, &event, event_id) : ERR_NOMEM;

    json_decref(content);
    return e;
}

static json_t *create_content(const struct room_design *design, const char *version)
{
    json_t *content = json_pack("{s:s}", "room_version", version);
    const struct room_version *rules = room_version_find(version);
    bool failed = !content;

    if (!failed && rules && !rules->creator_is_sender)
        failed = json_object_set_new(content, "creator", json_string(design->creator)) < 0;
    if (!failed && design->local)
        failed = json_object_set_new(content, "m.federate", json_false()) < 0;
    if (!failed)
        return content;
    json_decref(content);
    return NULL;
}

/* Dendrite's levels for a new room. */
struct level {
    const char *name;
    int level;
};
static const struct level levels[] = {
    {"ban", 50},    {"events_default", 0}, {"invite", 0},        {"kick", 50},
    {"redact", 50}, {"state_default", 50}, {"users_default", 0},
};
static const struct level event_levels[] = {
    {"m.room.avatar", 50},      {"m.room.canonical_alias", 50},
    {"m.room.encryption", 100}, {"m.room.history_visibility", 100},
    {"m.room.name", 50},        {"m.room.power_levels", 100},
    {"m.room.server_acl", 100}, {"m.room.tombstone", 100},
};
static const struct level notification_levels[] = {{"room", 50}};

/* An object of these levels; NULL when memory is gone. */
static json_t *levels_object(const struct level *rows, size_t count)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++)
        if (json_object_set_new(object, rows[i].name, json_integer(rows[i].level)) < 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}
#define LEVELS_OBJECT(rows) levels_object(rows, sizeof(rows) / sizeof *(rows))

static json_t *power_levels_content(const struct room_design *design)
{
    const struct level users[] = {{design->creator, CREATOR_LEVEL}, {design->powerless, POWERLESS_LEVEL}};
    json_t *content = LEVELS_OBJECT(levels);

    if (json_object_set_new(content, "events", LEVELS_OBJECT(event_levels)) < 0 ||
        json_object_set_new(content, "notifications", LEVELS_OBJECT(notification_levels)) < 0 ||
        json_object_set_new(content, "users", levels_object(users, design->powerless ? 2 : 1)) < 0 ||
        (design->silent &&
         json_object_set_new(content, "users_default", json_integer(POWERLESS_LEVEL)) < 0)) {
        json_decref(content);
        return NULL;
    }
    return content;
}

/* An event with one text, left out when there is none. */
static enum err append_text(struct room *room, const struct room_design *design, const char *type,
                            const char *name, const char *text)
{
    return text && *text ? append(room, design, type, json_pack("{s:s}", name, text)) : ERR_OK;
}

static enum err append_all(struct room *room, const char *version, const struct room_design *design)
{
    const char *join_rule = design->is_public ? "public" : "invite";
    const char *guest_access = design->is_public ? NULL : "can_join";
    enum err e = append(room, design, "m.room.create", create_content(design, version));

    if (!e)
        e = room_join(room, design->creator, &design->profile);
    if (!e)
        e = append(room, design, "m.room.power_levels", power_levels_content(design));
    if (!e)
        e = append_text(room, design, "m.room.join_rules", "join_rule", join_rule);
    if (!e)
        e = append_text(room, design, "m.room.history_visibility", "history_visibility", "shared");
    if (!e)
        e = append_text(room, design, "m.room.guest_access", "guest_access", guest_access);
    if (!e)
        e = append_text(room, design, "m.room.name", "name", design->name);
    if (!e)
        e = append_text(room, design, "m.room.topic", "topic", design->topic);
    return e;
}

enum err room_create(struct room **room, const struct room_writer *writer, const char *room_id,
                     const char *version, const struct room_design *design)
{
    enum err e = room_begin(room, writer, room_id, version);

    return e ? e : append_all(*room, version, design);
}
