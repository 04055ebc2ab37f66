/* SPDX-License-Identifier: ISC */
/* Sessions that nobody has used for long. */
#include <string.h>

#include "homeserver/policy_walks.h"
#include "store/devices.h"
#include "store/settings.h"

/* Whose sessions go on: mxadmin's own, that of who sends notices, and those that the configuration names. */
static enum err is_spared(struct walk *walk, const char *localpart, bool *spared)
{
    const struct config *config = walk->hs->config;
    const char *service = NULL;
    enum err e = settings_find(walk->hs->db, SETTING_SERVICE_ACCOUNT, walk->arena, &service);

    *spared = (service && strcmp(service, localpart) == 0) ||
              strcmp(config->server_notices.local_part, localpart) == 0 ||
              config_names_user(&config->policies.spare_users, localpart, config->server_name);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* The cursor, and an item, is "localpart:device_id"; a localpart has no colon. */
static enum err split(const char *text, struct arena *arena, const char **localpart, const char **device_id)
{
    const char *colon = strchr(text, ':');
    char *copy = colon ? arena_strdup(arena, text) : NULL;

    if (!colon)
        return ERR_CORRUPT;
    if (!copy)
        return ERR_NOMEM;
    copy[colon - text] = '\0';
    *localpart = copy;
    *device_id = copy + (colon - text) + 1;
    return ERR_OK;
}

static enum err add(struct walk *walk, const struct idle_device *device, struct list *found)
{
    bool spared = true;
    struct found *one;
    enum err e = is_spared(walk, device->localpart, &spared);

    if (e || spared)
        return e;
    one = list_add(found);
    if (one)
        one->id = arena_printf(walk->slice, "%s:%s", device->localpart, device->device_id);
    return one && one->id ? ERR_OK : ERR_NOMEM;
}

enum err policy_sessions_find(struct walk *walk, struct list *found, bool *over)
{
    struct idle_search search = {.server_name = walk->hs->config->server_name,
                                 .before_ts = walk->before_ts,
                                 .localpart = "",
                                 .device_id = ""};
    enum err e =
        *walk->cursor ? split(walk->cursor, walk->slice, &search.localpart, &search.device_id) : ERR_OK;

    if (!e)
        e = devices_idle(walk->hs->db, &search, walk->slice);
    for (size_t i = 0; !e && i < search.count; i++)
        e = add(walk, &search.devices[i], found);
    if (e)
        return e;
    *over = search.over;
    walk->cursor = arena_printf(walk->slice, "%s:%s", search.localpart, search.device_id);
    return walk->cursor ? ERR_OK : ERR_NOMEM;
}

/* One that has gone was ended; one that was used since it was found is left alone. */
static enum err end_one(struct walk *walk, struct job_item *item)
{
    const char *localpart, *device_id;
    bool idle = false;
    enum err e = split(item->item, walk->arena, &localpart, &device_id);

    if (!e)
        e = devices_is_idle(walk->hs->db, walk->hs->config->server_name, localpart, device_id,
                            walk->before_ts, &idle);
    if (!e && !idle) {
        item->outcome = WALK_SPARED;
        return ERR_OK;
    }
    if (!e) {
        walk->hs->reason = NULL;
        e = homeserver_end_session(walk->hs, localpart, device_id);
    }
    return walk_judge(walk, item, e == ERR_NOT_FOUND ? ERR_OK : e, POLICY_SESSIONS_ENDED);
}

enum err policy_sessions_act(struct walk *walk, struct job_item *items, size_t count)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < count; i++)
        e = end_one(walk, &items[i]);
    return e;
}
