/* SPDX-License-Identifier: ISC */
/* Those of Dendrite's endpoints that are used, in one table. */
#ifndef HOMESERVER_DENDRITE_ENDPOINTS_H
#define HOMESERVER_DENDRITE_ENDPOINTS_H

#include "base/buf.h"
#include "homeserver/dendrite/http.h"

enum endpoint {
    ENDPOINT_NONCE,
    ENDPOINT_REGISTER,
    ENDPOINT_LOGIN,
    ENDPOINT_LOGOUT,
    ENDPOINT_LOGOUT_ALL,
    ENDPOINT_RENAME_DEVICE,
    ENDPOINT_DISPLAY_NAME,
    ENDPOINT_AVATAR_URL,
    ENDPOINT_RESET_PASSWORD,
    ENDPOINT_DEACTIVATE,
    ENDPOINT_CREATE_ROOM,
    ENDPOINT_JOIN,
    ENDPOINT_LEAVE,
    ENDPOINT_REJECT, /* the same, for an invitation to a room of another server */
    ENDPOINT_FORGET,
    ENDPOINT_SET_ALIAS,
    ENDPOINT_DELETE_ALIAS,
    ENDPOINT_PUBLISH,
    ENDPOINT_INVITE,
    ENDPOINT_SEND,
    ENDPOINT_STATE,
    ENDPOINT_REDACT,
    ENDPOINT_TAG,
    ENDPOINT_PURGE_ROOM,
    ENDPOINT_NEW_TOKEN,
    ENDPOINT_SET_TOKEN,
    ENDPOINT_DELETE_TOKEN,
    ENDPOINT_DELETE_REPORT,
    ENDPOINT_REFRESH_DEVICES,
    ENDPOINT_DOWNLOAD_STATE,
    ENDPOINT_REINDEX,
    ENDPOINT__MAX
};

struct endpoint_row {
    enum http_method method;
    const char *path; /* "{}": a segment */
    int seconds;      /* the longest that it may take */
    enum {
        BODY_NONE,
        BODY_NEEDED,
        BODY_SECRET /* and wiped */
    } body;
    enum {
        TURN_TAKEN, /* before (turn.h) */
        TURN_FREE,  /* it is no change, and needs none */
        TURN_ENDED  /* it mostly waits for other servers, and is to keep no turn from others meanwhile */
    } turn;
};

/* Its row; a constant. */
const struct endpoint_row *endpoint_row(enum endpoint endpoint);

/* Appends the endpoint's path with its segments, percent-encoded. */
void endpoint_target(enum endpoint endpoint, const char *const *segments, struct buf *target);

/*
 * Appends `text`, percent-encoded: all but letters, digits, "-", "_" and "~", "." as well, so that a segment
 * cannot be "..".
 */
void endpoint_encode(const char *text, struct buf *target);

#endif
