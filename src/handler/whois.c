/* SPDX-License-Identifier: ISC */
/* Where a user is signed in, from where and since when: "Server Administration" in the Client-Server API. */
#include <string.h>

#include "base/text.h"
#include "handler/handlers.h"
#include "matrix/id.h"
#include "store/devices.h"

#define ADDRESS_MAX    128
#define USER_AGENT_MAX 512

/* How a device's connection is put into the answer. */
typedef int placement(json_t *devices, const char *device_id, json_t *connection);

struct listing {
    struct arena *arena;
    json_t *devices;
    placement *place;
};

/* Under the device's own id, one session each. */
static int place_by_device(json_t *devices, const char *device_id, json_t *connection)
{
    return json_object_set_new(devices, device_id,
                               json_pack("{s:[{s:[o]}]}", "sessions", "connections", connection));
}

/* Synapse's shape: one session of one device, "", holds all connections; its clients read just that. */
static int place_together(json_t *devices, const char *device_id, json_t *connection)
{
    json_t *session = json_array_get(json_object_get(json_object_get(devices, ""), "sessions"), 0);

    (void)device_id;
    return json_array_append_new(json_object_get(session, "connections"), connection);
}

/* A file that Dendrite wrote may hold what a client sent, valid UTF-8 or not. */
static enum err list_device(const struct device *device, void *context)
{
    struct listing *listing = context;
    json_t *connection =
        json_pack("{s:s, s:I, s:s}", "ip", text_clean(listing->arena, device->address, ADDRESS_MAX),
                  "last_seen", (json_int_t)device->last_seen_ts, "user_agent",
                  text_clean(listing->arena, device->user_agent, USER_AGENT_MAX));

    return listing->place(listing->devices, device->device_id, connection) ? ERR_NOMEM : ERR_OK;
}

/* Everybody may ask about themselves, and an admin about every user of this server. */
static json_t *whois(struct call *call, json_t *devices, placement *place)
{
    const char *user_id = call->parameters[0];
    struct listing listing = {.arena = call->arena, .devices = devices, .place = place};
    const char *localpart;
    json_t *answer = NULL;
    enum err e;

    if (call->caller.owner.type != ACCOUNT_ADMIN && strcmp(user_id, call->caller.user_id) != 0) {
        call_fail(call, API_FORBIDDEN, "You are not a server admin");
        goto out;
    }
    localpart = call_local_user(call, user_id, false, API_BAD_REQUEST, "Can only whois a local user");
    if (!localpart)
        goto out;
    /* A user that we do not know has no devices: Synapse and Dendrite agree on that answer. */
    e = devices_list(call->app->db, localpart, call->app->config->server_name, list_device, &listing);
    if (e)
        call_fail_err(call, e);
    else
        answer = json_pack("{s:s, s:O}", "user_id", user_id, "devices", devices);
out:
    json_decref(devices);
    return answer;
}

json_t *whois_get(struct call *call)
{
    return whois(call, json_object(), place_by_device);
}

json_t *whois_synapse_get(struct call *call)
{
    return whois(call, json_pack("{s:{s:[{s:[]}]}}", "", "sessions", "connections"), place_together);
}
