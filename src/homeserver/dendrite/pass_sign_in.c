/* SPDX-License-Identifier: ISC */
/* The ways to sign in that are Dendrite's own: application services, login tokens, single sign-on. */
#include <stdlib.h>
#include <string.h>

#include "homeserver/dendrite/sessions.h"
#include "matrix/id.h"
#include "matrix/json_wipe.h"

#define TARGET  "/_matrix/client/v3/login"
#define SECONDS 30

static enum err send(struct homeserver *hs, json_t *request, const char *token, const struct client *client,
                     struct http_answer *answer)
{
    char *body = request ? json_dumps(request, JSON_COMPACT) : NULL;
    const struct http_request sent = {
        .method = request ? HTTP_POST : HTTP_GET,
        .target = TARGET,
        .token = token,
        .user_agent = client->user_agent,
        .address = client->address,
        .body = body,
        .seconds = SECONDS,
    };
    enum err e = request && !body ? ERR_NOMEM : http_send(hs->dendrite->http, &sent, answer);

    if (body)
        explicit_bzero(body, strlen(body));
    free(body);
    if (!e && !json_is_object(answer->json))
        e = dendrite_fail(hs, ERR_GATEWAY, "Dendrite's answer is no JSON");
    return e;
}

/* Lets in whom Dendrite has let in, unless mxadmin has locked the account. */
static enum err admit(struct homeserver *hs, const json_t *answer, struct arena *arena)
{
    struct session session;
    struct user_id id;
    enum err e = dendrite_take_session(answer, arena, &session);

    if (!e && !user_id_parse(session.user_id, &id))
        e = dendrite_fail(hs, ERR_GATEWAY, "Dendrite's answer has no user ID");
    return e ? e : dendrite_admit(hs, id.localpart, arena, &session);
}

enum err dendrite_pass_sign_in(struct homeserver *hs, json_t *request, const char *token,
                               const struct client *client, struct arena *arena, int *status, json_t **answer)
{
    struct http_answer answered = {0};
    enum err e;

    hs->reason = NULL;
    e = send(hs, request, token, client, &answered);
    if (!e && request && answered.status == 200)
        e = admit(hs, answered.json, arena);
    if (e)
        json_forget(&answered.json);
    *status = answered.status;
    *answer = answered.json;
    return e;
}
