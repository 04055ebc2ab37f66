/* SPDX-License-Identifier: ISC */
#include "base/list.h"
#include "homeserver/dendrite/sessions.h"
#include "store/devices.h"

static enum err add_id(const struct device *device, void *list)
{
    struct list *ids = list;
    const char **id = list_add(ids);

    if (!id)
        return ERR_NOMEM;
    *id = arena_strdup(ids->arena, device->device_id);
    return *id ? ERR_OK : ERR_NOMEM;
}

enum err dendrite_devices(struct homeserver *hs, const char *localpart, struct arena *arena,
                          struct id_list *device_ids)
{
    struct list list = {.arena = arena, .item_size = sizeof(const char *)};
    enum err e = devices_list(hs->db, localpart, hs->config->server_name, add_id, &list);

    *device_ids = (struct id_list){.ids = list.items, .count = list.count};
    return e;
}

enum err dendrite_end_some_sessions(struct homeserver *hs, const char *localpart,
                                    const struct id_list *device_ids)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < device_ids->count; i++) {
        e = dendrite_end_session(hs, localpart, device_ids->ids[i]);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

/* With Dendrite a device has a session; nobody is told the token of this one. */
enum err dendrite_create_device(struct homeserver *hs, const char *localpart, const char *device_id)
{
    struct arena *arena = NULL;
    struct session session;
    bool exists = false;
    enum err e = devices_exists(hs->db, localpart, hs->config->server_name, device_id, &exists);

    if (e || exists)
        return e;
    arena = arena_new();
    e = arena
            ? dendrite_begin_session(hs, localpart, &(struct client){.device_id = device_id}, arena, &session)
            : ERR_NOMEM;
    arena_free(&arena);
    return e;
}

enum err dendrite_rename_device(struct homeserver *hs, const char *localpart, const char *device_id,
                                const char *display_name)
{
    bool exists = false;
    enum err e = devices_exists(hs->db, localpart, hs->config->server_name, device_id, &exists);

    if (e || !exists)
        return e ? e : ERR_NOT_FOUND;
    return dendrite_ask(hs,
                        &(struct question){.endpoint = ENDPOINT_RENAME_DEVICE,
                                           .segments = {device_id},
                                           .as_user = localpart,
                                           .body = json_pack("{s:s}", "display_name", display_name)},
                        NULL);
}
