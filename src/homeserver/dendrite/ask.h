/* SPDX-License-Identifier: ISC */
/*
 * What is asked of Dendrite, and what its answers mean. No transaction is open while it is asked: a reader
 * holds up Dendrite's own writes.
 */
#ifndef HOMESERVER_DENDRITE_ASK_H
#define HOMESERVER_DENDRITE_ASK_H

#include <jansson.h>

#include "homeserver/dendrite/dendrite.h"
#include "homeserver/dendrite/endpoints.h"
#include "homeserver/dendrite/http.h"
#include "matrix/id.h"

#define REASON_SIZE 512
#define TURNS_NOTED 16

struct dendrite {
    const struct config *config; /* borrowed */
    struct http *http;
    struct gate *notices;               /* of those who make a room for notices; NULL until then */
    struct gate *turns;                 /* of those who ask for a change; likewise */
    int64_t turn_began_ms;              /* of the turn that this process has */
    int64_t turns_took_ms[TURNS_NOTED]; /* how long its last ones took */
    unsigned turns_count;               /* how many it has had */
    char reason[REASON_SIZE];           /* what hs->reason points to */
};

#define QUESTION_SEGMENTS 3

/* Who asks: a local user, by our application service, whoever has a token, or, with neither, anybody. */
struct question {
    enum endpoint endpoint;
    const char *segments[QUESTION_SEGMENTS]; /* those that are open in the path, in order */
    json_t *body;                            /* taken over, also on failure */
    const char *as_user;                     /* a localpart */
    const struct id_list *servers;           /* to be asked for a room, by who acts as a user; NULL: none */
    const char *token;
    const struct client *client; /* whom it is asked for; NULL: us */
};

/*
 * Asks, and says what the answer means; unless `answer` is NULL, it is the object that was answered, which
 * the caller frees with json_forget(), NULL on failure. Errors, with hs->reason: ERR_UNREACHABLE and
 * ERR_GATEWAY as http_send(), the latter also when Dendrite itself failed; ERR_UNSUPPORTED (it needs our
 * application service, or is not there); ERR_DENIED, ERR_INVALID, ERR_NOT_FOUND, ERR_EXISTS, ERR_TOO_LARGE,
 * ERR_DEACTIVATED and ERR_LIMITED as Dendrite says; ERR_BUSY (turn_begin()); ERR_NOMEM.
 */
MUST_CHECK enum err dendrite_ask(struct homeserver *hs, const struct question *question, json_t **answer);

/* Copies the text `name` of an answer into `arena`. Errors: ERR_GATEWAY (it has none), ERR_NOMEM. */
MUST_CHECK enum err dendrite_take(const json_t *answer, const char *name, struct arena *arena,
                                  const char **text);

/* Whether our application service is there, so that as_user can be used. */
bool dendrite_has_service(const struct homeserver *hs);

/* ERR_UNSUPPORTED, with hs->reason, where it is not. */
MUST_CHECK enum err dendrite_need_service(struct homeserver *hs);

/*
 * The token with which an admin's act is asked of Dendrite: the caller's, where Dendrite takes the caller for
 * an admin; otherwise that of our own account. It lives in `arena`. Errors: ERR_UNSUPPORTED (there is no such
 * account), with hs->reason.
 */
MUST_CHECK enum err dendrite_admin_token(struct homeserver *hs, struct arena *arena, const char **token);

/* Makes hs->reason a text, and returns `e`. */
enum err dendrite_fail(struct homeserver *hs, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The id of a local user, in `arena`; NULL: memory is gone. */
const char *dendrite_user_id(const struct homeserver *hs, const char *localpart, struct arena *arena);

#endif
