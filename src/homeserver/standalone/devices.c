/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "crypto/random.h"
#include "homeserver/standalone/standalone.h"
#include "store/devices.h"

static enum err end_each(struct homeserver *hs, const char *localpart, const struct id_list *device_ids)
{
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < device_ids->count; i++) {
        e = devices_delete(hs->db, localpart, hs->config->server_name, device_ids->ids[i]);
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    return e;
}

enum err standalone_end_some_sessions(struct homeserver *hs, const char *localpart,
                                      const struct id_list *device_ids)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, end_each(hs, localpart, device_ids));
}

/* A device has an access token in Dendrite's table: this one's is told to nobody. */
static enum err create(struct homeserver *hs, const char *localpart, const char *device_id)
{
    const struct device device = {
        .device_id = device_id, .last_seen_ts = clock_now_ms(), .address = "", .user_agent = ""};
    char token[RANDOM_TOKEN_SIZE];
    bool known = false;
    enum err e = devices_exists(hs->db, localpart, hs->config->server_name, device_id, &known);

    if (!e && !known)
        e = random_token(token);
    if (!e && !known)
        e = devices_put(hs->db, localpart, hs->config->server_name, token, &device);
    explicit_bzero(token, sizeof token);
    return e;
}

enum err standalone_create_device(struct homeserver *hs, const char *localpart, const char *device_id)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, create(hs, localpart, device_id));
}

enum err standalone_rename_device(struct homeserver *hs, const char *localpart, const char *device_id,
                                  const char *display_name)
{
    enum err e = db_begin(hs->db, DB_WRITE);

    if (e)
        return e;
    e = devices_rename(hs->db, localpart, hs->config->server_name, device_id,
                       *display_name ? display_name : NULL);
    return db_end(hs->db, e);
}
