/* SPDX-License-Identifier: ISC */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "homeserver/audit_parameters.h"

#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))
#define MASK       "***"
#define MORE       "…"
#define TEXT_MAX   100 /* characters */
#define SHOWN_MAX  64  /* bytes */
#define ITEMS_MAX  8   /* of an array or an object inside */
#define DEPTH_MAX  3

/* The names of texts that are no secrets, in order. Whoever adds one answers for that. */
static const char *const open_names[] = {
    "action",
    "action_name",
    "address",
    "auth_provider",
    "avatar_url",
    "body",
    "creator",
    "delete_group",
    "device_id",
    "devices",
    "dir",
    "display-name",
    "display_name",
    "displayname",
    "dry_run",
    "evacuate",
    "event_id",
    "external_id",
    "format",
    "formatted_body",
    "guest_access",
    "history_visibility",
    "initial_device_display_name",
    "job_id",
    "join_rules",
    "limit",
    "media_id",
    "medium",
    "members",
    "message",
    "msgtype",
    "name",
    "new_room_user_id",
    "operator",
    "order_by",
    "purge_up_to_event_id",
    "reason",
    "room_alias_name",
    "room_id",
    "room_id_or_alias",
    "room_name",
    "rooms",
    "seed",
    "server_name",
    "state_key",
    "topic",
    "transaction_id",
    "type",
    "user",
    "user_id",
    "user_type",
    "username",
    "users",
    "visibility",
};

static int compare(const void *name, const void *item)
{
    return strcmp(name, *(const char *const *)item);
}

static bool is_open(const char *name)
{
    return bsearch(name, open_names, sizeof open_names / sizeof *open_names, sizeof *open_names, compare);
}

/* A text of at most TEXT_MAX characters and MORE; jansson's texts are valid UTF-8. */
static json_t *shorten(const char *text)
{
    size_t length = 0;

    for (int i = 0; text[length] && i < TEXT_MAX; i++)
        length += utf8_sequence((const unsigned char *)text + length, strlen(text + length));
    if (!text[length])
        return json_string(text);
    return json_sprintf("%.*s" MORE, (int)length, text);
}

static json_t *keep(const char *name, json_t *value, int depth);

static const char *shown(const char *name)
{
    return strlen(name) <= SHOWN_MAX ? name : MORE;
}

static enum err put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) < 0 ? ERR_NOMEM : ERR_OK;
}

static json_t *keep_array(const char *name, json_t *array, int depth)
{
    json_t *kept = json_array(), *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        if (json_array_append_new(kept, i < ITEMS_MAX ? keep(name, item, depth) : json_string(MORE)) < 0) {
            json_decref(kept);
            return NULL;
        }
        if (i == ITEMS_MAX)
            break;
    }
    return kept;
}

static json_t *keep_object(json_t *object, int depth)
{
    json_t *kept = json_object(), *item;
    const char *name;
    size_t i = 0;

    json_object_foreach(object, name, item)
    {
        enum err e = i < ITEMS_MAX ? put(kept, shown(name), keep(name, item, depth))
                                   : put(kept, MORE, json_string(MORE));

        if (e) {
            json_decref(kept);
            return NULL;
        }
        if (i++ == ITEMS_MAX)
            break;
    }
    return kept;
}

/* A truth value as a query has it. */
static bool is_truth(const char *text)
{
    return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

/* What may be kept of a value, new; NULL when memory is gone. */
static json_t *keep(const char *name, json_t *value, int depth)
{
    if (json_is_string(value))
        return is_open(name) || is_truth(json_string_value(value)) ? shorten(json_string_value(value))
                                                                   : json_string(MASK);
    if (!json_is_object(value) && !json_is_array(value))
        return json_copy(value);
    if (depth == DEPTH_MAX)
        return json_string(MORE);
    return json_is_array(value) ? keep_array(name, value, depth + 1) : keep_object(value, depth + 1);
}

static bool fits(const json_t *parameters)
{
    return json_dumpb(parameters, NULL, 0, DUMP_FLAGS) <= AUDIT_PARAMETERS_MAX;
}

enum err audit_parameters_add(json_t *parameters, const char *name, json_t *value)
{
    enum err e = put(parameters, shown(name), value ? keep(name, value, 0) : NULL);

    if (!e && !fits(parameters))
        e = put(parameters, shown(name), json_string(MORE));
    if (!e && !fits(parameters))
        json_object_del(parameters, shown(name));
    return e;
}

enum err audit_parameters_add_text(json_t *parameters, const char *name, const char *text)
{
    json_t *value = json_string(text);
    enum err e = audit_parameters_add(parameters, name, value);

    json_decref(value);
    return e;
}

const char *audit_parameters_text(const json_t *parameters, struct arena *arena)
{
    char *dumped = json_dumps(parameters, DUMP_FLAGS);
    const char *text = arena_strdup(arena, dumped);

    free(dumped);
    return text;
}
