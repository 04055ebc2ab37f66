/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "homeserver/dendrite/endpoints.h"

#define CLIENT   "/_matrix/client/v3"
#define SYNAPSE  "/_synapse/admin/v1"
#define DENDRITE "/_dendrite/admin"

/*
 * Seconds. Dendrite waits 10 s for a lock of its database. A join goes on in the background after 20 s; what
 * it does for as long as it takes, such as to wait for the server that an invitation has come from, it
 * answers within 300 s or never.
 */
enum { QUICK = 30, LONG = 300 };

static const struct endpoint_row rows[] = {
    [ENDPOINT_NONCE] = {HTTP_GET, SYNAPSE "/register", QUICK, .body = BODY_NONE, .turn = TURN_FREE},
    [ENDPOINT_REGISTER] = {HTTP_POST, SYNAPSE "/register", QUICK, .body = BODY_SECRET},
    [ENDPOINT_LOGIN] = {HTTP_POST, CLIENT "/login", QUICK, .body = BODY_SECRET, .turn = TURN_FREE},
    [ENDPOINT_LOGOUT] = {HTTP_POST, CLIENT "/logout", QUICK, .body = BODY_NONE},
    [ENDPOINT_LOGOUT_ALL] = {HTTP_POST, CLIENT "/logout/all", QUICK, .body = BODY_NONE},
    [ENDPOINT_RENAME_DEVICE] = {HTTP_PUT, CLIENT "/devices/{}", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_DISPLAY_NAME] = {HTTP_PUT, CLIENT "/profile/{}/displayname", LONG, .body = BODY_NEEDED},
    [ENDPOINT_AVATAR_URL] = {HTTP_PUT, CLIENT "/profile/{}/avatar_url", LONG, .body = BODY_NEEDED},
    [ENDPOINT_RESET_PASSWORD] = {HTTP_POST, DENDRITE "/resetPassword/{}", QUICK, .body = BODY_SECRET},
    [ENDPOINT_DEACTIVATE] = {HTTP_POST, CLIENT "/account/deactivate", LONG, .body = BODY_SECRET},
    [ENDPOINT_CREATE_ROOM] = {HTTP_POST, CLIENT "/createRoom", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_JOIN] = {HTTP_POST, CLIENT "/join/{}", QUICK, .body = BODY_NONE},
    [ENDPOINT_LEAVE] = {HTTP_POST, CLIENT "/rooms/{}/leave", QUICK, .body = BODY_NONE},
    [ENDPOINT_REJECT] = {HTTP_POST, CLIENT "/rooms/{}/leave", LONG, .body = BODY_NONE, .turn = TURN_ENDED},
    [ENDPOINT_FORGET] = {HTTP_POST, CLIENT "/rooms/{}/forget", QUICK, .body = BODY_NONE},
    [ENDPOINT_SET_ALIAS] = {HTTP_PUT, CLIENT "/directory/room/{}", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_DELETE_ALIAS] = {HTTP_DELETE, CLIENT "/directory/room/{}", QUICK, .body = BODY_NONE},
    [ENDPOINT_PUBLISH] = {HTTP_PUT, CLIENT "/directory/list/room/{}", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_INVITE] = {HTTP_POST, CLIENT "/rooms/{}/invite", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_SEND] = {HTTP_PUT, CLIENT "/rooms/{}/send/{}/{}", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_STATE] = {HTTP_PUT, CLIENT "/rooms/{}/state/{}/{}", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_REDACT] = {HTTP_PUT, CLIENT "/rooms/{}/redact/{}/{}", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_TAG] = {HTTP_PUT, CLIENT "/user/{}/rooms/{}/tags/{}", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_PURGE_ROOM] = {HTTP_POST, DENDRITE "/purgeRoom/{}", LONG, .body = BODY_NONE},
    [ENDPOINT_NEW_TOKEN] = {HTTP_POST, DENDRITE "/registrationTokens/new", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_SET_TOKEN] = {HTTP_PUT, DENDRITE "/registrationTokens/{}", QUICK, .body = BODY_NEEDED},
    [ENDPOINT_DELETE_TOKEN] = {HTTP_DELETE, DENDRITE "/registrationTokens/{}", QUICK, .body = BODY_NONE},
    [ENDPOINT_DELETE_REPORT] = {HTTP_DELETE, SYNAPSE "/event_reports/{}", QUICK, .body = BODY_NONE},
    [ENDPOINT_REFRESH_DEVICES] = {HTTP_POST, DENDRITE "/refreshDevices/{}", LONG, .body = BODY_NONE,
                                  .turn = TURN_ENDED},
    [ENDPOINT_DOWNLOAD_STATE] = {HTTP_GET, DENDRITE "/downloadState/{}/{}", LONG, .body = BODY_NONE,
                                 .turn = TURN_ENDED},
    [ENDPOINT_REINDEX] = {HTTP_GET, DENDRITE "/fulltext/reindex", QUICK, .body = BODY_NONE,
                          .turn = TURN_FREE},
};
_Static_assert(sizeof rows / sizeof *rows == ENDPOINT__MAX, "every endpoint has its row");

const struct endpoint_row *endpoint_row(enum endpoint endpoint)
{
    return &rows[endpoint];
}

void endpoint_encode(const char *text, struct buf *target)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_~";

    buf_put_percent(target, text, plain);
}

void endpoint_target(enum endpoint endpoint, const char *const *segments, struct buf *target)
{
    const char *at = rows[endpoint].path, *open;

    while ((open = strstr(at, "{}"))) {
        buf_append(target, at, (size_t)(open - at));
        endpoint_encode(*segments++, target);
        at = open + strlen("{}");
    }
    buf_puts(target, at);
}
