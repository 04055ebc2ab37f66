/* SPDX-License-Identifier: ISC */
/* Synapse's look after the devices of a user. */
#include <string.h>

#include "base/list.h"
#include "base/text.h"
#include "handler/fields.h"
#include "handler/handlers.h"
#include "store/devices.h"

#define NAME_MAX_LENGTH 100 /* characters, Synapse's bound */
#define TEXT_MAX        512
#define LOOK_UP         "Can only lookup local users"

/* NULL for what is not known. */
static const char *known(struct arena *arena, const char *text)
{
    return text && *text ? text_clean(arena, text, TEXT_MAX) : NULL;
}

struct listing {
    struct call *call;
    const char *only; /* a device id; NULL: all */
    json_t *rows;
};

static enum err add_device(const struct device *device, void *context)
{
    struct listing *listing = context;
    struct arena *arena = listing->call->arena;
    json_t *row;

    if (listing->only && strcmp(listing->only, device->device_id) != 0)
        return ERR_OK;
    row = json_pack("{s:s, s:s, s:s?, s:s?, s:I, s:s?}", "user_id", listing->call->parameters[0], "device_id",
                    device->device_id, "display_name", known(arena, device->display_name), "last_seen_ip",
                    known(arena, device->address), "last_seen_ts", (json_int_t)device->last_seen_ts,
                    "last_seen_user_agent", known(arena, device->user_agent));
    return json_array_append_new(listing->rows, row) < 0 ? ERR_NOMEM : ERR_OK;
}

/* The rows of a user's devices, or of the one `only`; NULL after the answer has become an error. */
static json_t *list_devices(struct call *call, const char *only)
{
    const char *localpart = call_existing_user(call, call->parameters[0], LOOK_UP, "Unknown user");
    struct listing listing = {.call = call, .only = only};
    enum err e;

    if (!localpart)
        return NULL;
    listing.rows = json_array();
    e = listing.rows
            ? devices_list(call->app->db, localpart, call->app->config->server_name, add_device, &listing)
            : ERR_NOMEM;
    if (!e)
        return listing.rows;
    json_decref(listing.rows);
    return call_fail_err(call, e);
}

json_t *devices_get(struct call *call)
{
    json_t *rows = list_devices(call, NULL);

    return rows ? json_pack("{s:o, s:I}", "devices", rows, "total", (json_int_t)json_array_size(rows)) : NULL;
}

json_t *device_get(struct call *call)
{
    json_t *rows = list_devices(call, call->parameters[1]);
    json_t *row = json_incref(json_array_get(rows, 0));

    if (rows && !row)
        call_fail(call, API_NOT_FOUND, "No device found");
    json_decref(rows);
    return row;
}

/* {} after an act that went well. */
static json_t *done(struct call *call, enum err e)
{
    return e ? call_fail_err(call, e) : json_object();
}

json_t *devices_post(struct call *call)
{
    static const struct field fields[] = {
        {.name = "device_id",
         .type = FIELD_STRING,
         .min = 1,
         .max = TEXT_MAX,
         .required = true,
         .missing = {API_BAD_REQUEST, "Missing device_id"},
         .invalid = {API_BAD_REQUEST, "device_id must be a string"},
         .range = {API_BAD_REQUEST, "device_id must have 1 to 512 characters"}},
    };
    const char *localpart = call_existing_user(call, call->parameters[0],
                                               "Can only create devices for local users", "Unknown user");
    const char *device_id;
    json_t *body = localpart ? call_json(call) : NULL;

    if (!body || !fields_decode(call, body, fields, 1, &device_id))
        return NULL;
    body = done(call, homeserver_create_device(&call->homeserver, localpart, device_id));
    return body ? call_created(call, body) : NULL;
}

/* An empty body is one that names nothing. */
json_t *device_put(struct call *call)
{
    static const struct field fields[] = {
        {.name = "display_name",
         .type = FIELD_STRING,
         .max = NAME_MAX_LENGTH,
         .range = {API_PARAM_TOO_LARGE, "Device display name is too long (max 100)"}},
    };
    const char *localpart = call_existing_user(call, call->parameters[0], LOOK_UP, "Unknown user");
    const char *display_name = NULL;
    json_t *body = localpart && call->body_size > 0 ? call_json(call) : NULL;

    if (!localpart || (call->body_size > 0 && !body) ||
        (body && !fields_decode(call, body, fields, 1, &display_name)))
        return NULL;
    if (!display_name)
        return json_object();
    return done(call,
                homeserver_rename_device(&call->homeserver, localpart, call->parameters[1], display_name));
}

json_t *device_delete(struct call *call)
{
    const char *localpart = call_existing_user(call, call->parameters[0], LOOK_UP, "Unknown user");
    enum err e;

    if (!localpart)
        return NULL;
    e = homeserver_end_session(&call->homeserver, localpart, call->parameters[1]);
    return done(call, e == ERR_NOT_FOUND ? ERR_OK : e);
}

/* The texts of `array` as a list in the request's arena; false after the answer has become an error. */
static bool read_ids(struct call *call, const json_t *array, struct id_list *ids)
{
    struct list list = {.arena = call->arena, .item_size = sizeof(const char *)};
    const json_t *item;
    size_t i;

    json_array_foreach(array, i, item)
    {
        const char **id = json_is_string(item) ? list_add(&list) : NULL;

        if (!id) {
            call_fail(call, json_is_string(item) ? API_INTERNAL : API_BAD_JSON,
                      json_is_string(item) ? NULL : "'devices' must be a list of strings");
            return false;
        }
        *id = json_string_value(item);
    }
    *ids = (struct id_list){.ids = list.items, .count = list.count};
    return true;
}

json_t *devices_delete_post(struct call *call)
{
    static const struct field fields[] = {
        {.name = "devices", .type = FIELD_ARRAY, .required = true},
    };
    const char *localpart = call_existing_user(call, call->parameters[0], LOOK_UP, "Unknown user");
    json_t *body = localpart ? call_json(call) : NULL;
    struct id_list ids;
    json_t *array;

    if (!body || !fields_decode(call, body, fields, 1, &array) || !read_ids(call, array, &ids))
        return NULL;
    return done(call, homeserver_end_some_sessions(&call->homeserver, localpart, &ids));
}
