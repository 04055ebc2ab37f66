/* SPDX-License-Identifier: ISC */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "matrix/field.h"
#include "matrix/redaction.h"

#define LATEST 12

/* The versions, first to last, in which a member outlives redaction. */
struct range {
    int first, last;
};

static const struct {
    const char *name;
    struct range versions;
} top_level[] = {
    {"event_id", {1, LATEST}},
    {"type", {1, LATEST}},
    {"room_id", {1, LATEST}},
    {"sender", {1, LATEST}},
    {"state_key", {1, LATEST}},
    {"hashes", {1, LATEST}},
    {"signatures", {1, LATEST}},
    {"depth", {1, LATEST}},
    {"prev_events", {1, LATEST}},
    {"auth_events", {1, LATEST}},
    {"origin_server_ts", {1, LATEST}},
    {"prev_state", {1, 10}},
    {"origin", {1, 10}},
    {"membership", {1, 10}},
};

/* `name` NULL: all of the content. `inside`: only this member of the object `name` is kept. */
static const struct {
    const char *type, *name, *inside;
    struct range versions;
} content[] = {
    {"m.room.member", "membership", NULL, {1, LATEST}},
    {"m.room.member", "join_authorised_via_users_server", NULL, {9, LATEST}},
    {"m.room.member", "third_party_invite", "signed", {11, LATEST}},
    {"m.room.create", "creator", NULL, {1, 10}},
    {"m.room.create", NULL, NULL, {11, LATEST}},
    {"m.room.join_rules", "join_rule", NULL, {1, LATEST}},
    {"m.room.join_rules", "allow", NULL, {8, LATEST}},
    {"m.room.power_levels", "ban", NULL, {1, LATEST}},
    {"m.room.power_levels", "events", NULL, {1, LATEST}},
    {"m.room.power_levels", "events_default", NULL, {1, LATEST}},
    {"m.room.power_levels", "invite", NULL, {11, LATEST}},
    {"m.room.power_levels", "kick", NULL, {1, LATEST}},
    {"m.room.power_levels", "redact", NULL, {1, LATEST}},
    {"m.room.power_levels", "state_default", NULL, {1, LATEST}},
    {"m.room.power_levels", "users", NULL, {1, LATEST}},
    {"m.room.power_levels", "users_default", NULL, {1, LATEST}},
    {"m.room.aliases", "aliases", NULL, {1, 5}},
    {"m.room.history_visibility", "history_visibility", NULL, {1, LATEST}},
    {"m.room.redaction", "redacts", NULL, {11, LATEST}},
};

static bool covers(struct range versions, const struct room_version *version)
{
    return versions.first <= version->number && version->number <= versions.last;
}

/* Sets `name` of `to` to what `from` has there, if anything. */
static enum err keep(json_t *to, const json_t *from, const char *name)
{
    json_t *value = json_object_get(from, name);

    return value && json_object_set(to, name, value) < 0 ? ERR_NOMEM : ERR_OK;
}

/* The object `name` is kept, with no member but `inside`; anything but an object is not. */
static enum err keep_inside(json_t *to, const json_t *from, const char *name, const char *inside)
{
    json_t *value = json_object_get(from, name), *kept;

    if (!json_is_object(value))
        return ERR_OK;
    kept = json_object();
    if (json_object_set_new(to, name, kept) < 0)
        return ERR_NOMEM;
    return keep(kept, value, inside);
}

/* Every member of `from`. json_copy() is not used: with memory short it can return less than the whole. */
static enum err keep_all(json_t *to, json_t *from)
{
    const char *name;
    json_t *value;
    enum err e = ERR_OK;

    json_object_foreach(from, name, value)
    {
        e = keep(to, from, name);
        if (e)
            break;
    }
    return e;
}

static enum err keep_content(const struct room_version *version, const char *type, json_t *to, json_t *from)
{
    enum err e = ERR_OK;

    for (size_t i = 0; i < sizeof content / sizeof *content && !e; i++) {
        if (!covers(content[i].versions, version) || strcmp(content[i].type, type) != 0)
            continue;
        if (!content[i].name)
            e = keep_all(to, from);
        else if (content[i].inside)
            e = keep_inside(to, from, content[i].name, content[i].inside);
        else
            e = keep(to, from, content[i].name);
    }
    return e;
}

enum err redaction_apply(const struct room_version *version, json_t *event, json_t **redacted)
{
    const char *type = field_string(event, "type");
    json_t *from = json_object_get(event, "content"), *to = NULL;
    enum err e = ERR_OK;

    *redacted = NULL;
    if (!type || !json_is_object(from))
        return ERR_INVALID;
    *redacted = json_object();
    to = json_object();
    if (!*redacted || json_object_set_new(*redacted, "content", to) < 0)
        e = ERR_NOMEM;
    for (size_t i = 0; i < sizeof top_level / sizeof *top_level && !e; i++)
        if (covers(top_level[i].versions, version))
            e = keep(*redacted, event, top_level[i].name);
    if (!e)
        e = keep_content(version, type, to, from);
    if (e) {
        json_decref(*redacted);
        *redacted = NULL;
    }
    return e;
}
