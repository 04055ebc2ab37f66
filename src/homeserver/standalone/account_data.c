/* SPDX-License-Identifier: ISC */
#include "store/account_data.h"
#include "homeserver/standalone/standalone.h"

enum err standalone_set_account_data(struct homeserver *hs, const char *localpart, const char *type,
                                     const char *content)
{
    const struct account_data data = {
        .localpart = localpart,
        .server_name = hs->config->server_name,
        .room_id = "",
        .type = type,
        .content = content,
    };
    enum err e = db_begin(hs->db, DB_WRITE);

    return e ? e : db_end(hs->db, account_data_put(hs->db, &data));
}
