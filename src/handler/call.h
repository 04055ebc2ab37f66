/* SPDX-License-Identifier: ISC */
/*
 * One request on its way through a handler. State is divided by lifetime: `struct app` is the worker's,
 * `struct call` the request's. A handler returns the body of a 200 answer, or NULL after it has said what is
 * wrong:
 *
 *     return call_fail(call, API_NOT_FOUND, "User not found");
 */
#ifndef HANDLER_CALL_H
#define HANDLER_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/config.h"
#include "homeserver/audit.h"
#include "homeserver/homeserver.h"
#include "http/reply.h"
#include "http/request.h"
#include "store/devices.h"

/* What a worker has for its whole life. */
struct app {
    const struct config *config;
    struct db *db;
    struct gate *gate;
    struct homeserver homeserver;
};

/* Who calls; all NULL where the route asks for no token. */
struct caller {
    struct token_owner owner;
    const char *user_id;
};

#define CALL_PARAMETERS_MAX 4

struct call {
    struct app *app;
    struct arena *arena;
    struct request request;
    const char *parameters[CALL_PARAMETERS_MAX]; /* the path's, decoded, in the order of the pattern */
    struct caller caller;
    struct actor actor;           /* the same, for the acts; they are told by call->homeserver */
    struct homeserver homeserver; /* the worker's, for this request */
    struct audit audit;  /* a handler may set the `target` of its row: the path's first parameter otherwise */
    const char *subject; /* localpart of whom a call without a token lets in; NULL: nobody yet */
    const char *body;    /* as it came; NUL-terminated */
    size_t body_size;
    json_t *json; /* owned; what call_json() made of the body */
    struct reply reply;
};

/* A row's function. */
typedef json_t *handler(struct call *call);

/* Makes the answer an error; `text` NULL: the usual one. Always returns NULL. */
json_t *call_fail(struct call *call, enum api_error error, const char *text);

/* Makes the answer 201 with `body`, which is taken over; NULL: there was no memory for it. Always returns
 * NULL. */
json_t *call_created(struct call *call, json_t *body);

/*
 * Makes the answer what `err` means when a handler knows nothing better, with the reason that the homeserver
 * gave, if it did: ERR_BUSY and ERR_UNREACHABLE 503, ERR_GATEWAY 502, ERR_FULL 507, ERR_UNSUPPORTED and
 * ERR_NOT_FOUND 404, ERR_DENIED 403, ERR_DEACTIVATED 400; where the homeserver said more, ERR_INVALID 400 and
 * ERR_LIMITED 429; anything else 500. Always returns NULL.
 */
json_t *call_fail_err(struct call *call, enum err err);

/* The same, but with a text of the handler's own for ERR_NOT_FOUND. */
json_t *call_fail_absent(struct call *call, enum err err, const char *text);

/* What an act on a room means by ERR_INVALID without a reason. */
#define ROOM_VERSION_UNKNOWN "The version of this room is not supported"

/*
 * The body as a JSON object, borrowed; NULL after the answer has become 400 M_NOT_JSON "Content not JSON." or
 * M_BAD_JSON "Content must be a JSON object.".
 */
json_t *call_json(struct call *call);

/* Wipes the strings of call->json, where passwords were, frees it, and sets it to NULL. */
void call_forget_json(struct call *call);

/* Whether a path parameter is a room id; false after the answer has become 400 M_INVALID_PARAM. */
MUST_CHECK bool call_room_id(struct call *call, const char *text);

/* The same for a user id, of this or another server. */
MUST_CHECK bool call_user_id(struct call *call, const char *text);

/* The same, after which the answer has become Synapse's: 400 M_UNKNOWN. */
MUST_CHECK bool call_legal_room_id(struct call *call, const char *text);

/* The ids as a JSON array; NULL when memory is gone. */
json_t *call_ids(const struct id_list *ids);

/*
 * Takes a path parameter as a local user: a full user id, or, if `localpart_too`, a bare localpart. On
 * success returns the localpart (in the arena). NULL after the answer has become 400 M_INVALID_PARAM, or for
 * a remote user `remote_error` with `remote_text`: Synapse and Dendrite do not agree on that one.
 */
const char *call_local_user(struct call *call, const char *text, bool localpart_too,
                            enum api_error remote_error, const char *remote_text);

/*
 * The same of a user id whose account is there, deactivated or not, as Synapse answers: 400 M_UNKNOWN with
 * `remote_text` for a remote user, and 404 M_NOT_FOUND with `unknown_text`.
 */
const char *call_existing_user(struct call *call, const char *text, const char *remote_text,
                               const char *unknown_text);

#endif
