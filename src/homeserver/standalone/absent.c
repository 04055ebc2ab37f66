/* SPDX-License-Identifier: ISC */
/* What is only there where servers federate, or messages are searched; who asks is told why not. */
#include "homeserver/standalone/standalone.h"

static enum err absent(struct homeserver *hs, const char *reason)
{
    hs->reason = reason;
    return ERR_UNSUPPORTED;
}

enum err standalone_refresh_devices(struct homeserver *hs, const char *user_id)
{
    (void)user_id;
    return absent(hs, "This server does not federate: it knows no devices of users of other servers");
}

enum err standalone_download_state(struct homeserver *hs, const char *server_name, const char *room_id)
{
    (void)server_name;
    (void)room_id;
    return absent(hs, "This server does not federate: no other server is asked for the state of a room");
}

enum err standalone_reindex(struct homeserver *hs)
{
    return absent(hs, "This server has no full-text search: there is no index to be made anew");
}
