/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "homeserver/audit.h"
#include "homeserver/dendrite/sessions.h"
#include "matrix/json_wipe.h"
#include "store/devices.h"
#include "store/users.h"

enum err dendrite_take_session(const json_t *answer, struct arena *arena, struct session *session)
{
    enum err e = dendrite_take(answer, "user_id", arena, &session->user_id);

    if (!e)
        e = dendrite_take(answer, "access_token", arena, &session->access_token);
    if (!e)
        e = dendrite_take(answer, "device_id", arena, &session->device_id);
    return e;
}

/* Signs in, in one of the ways that need nothing but the user: `password` NULL is our application service's.
 */
static enum err log_in(struct homeserver *hs, const char *localpart, const char *password,
                       const struct client *client, struct arena *arena, struct session *session)
{
    const char *user_id = dendrite_user_id(hs, localpart, arena);
    json_t *answer = NULL;
    enum err e =
        dendrite_ask(hs,
                     &(struct question){
                         .endpoint = ENDPOINT_LOGIN,
                         .token = password ? NULL : hs->config->dendrite.service_token,
                         .client = client,
                         .body = json_pack("{s:s, s:{s:s, s:s}, s:s*, s:s*, s:s*}", "type",
                                           password ? "m.login.password" : "m.login.application_service",
                                           "identifier", "type", "m.id.user", "user", user_id ? user_id : "",
                                           "password", password, "device_id", client->device_id,
                                           "initial_device_display_name", client->display_name),
                     },
                     &answer);

    if (!e)
        e = dendrite_take_session(answer, arena, session);
    json_forget(&answer);
    return e;
}

enum err dendrite_end_token(struct homeserver *hs, const char *token)
{
    return dendrite_ask(hs, &(struct question){.endpoint = ENDPOINT_LOGOUT, .token = token}, NULL);
}

/* Ends a session that nobody has been told of, the audit neither. */
static enum err take_back(struct homeserver *hs, const struct session *session)
{
    struct homeserver quiet = *hs;

    quiet.audit = NULL;
    return dendrite_end_token(&quiet, session->access_token);
}

/* Tells the audit of a session that has begun, or ends it. */
static enum err tell(struct homeserver *hs, const struct session *session)
{
    enum err e;

    audit_device(hs->audit, session->device_id);
    e = audit_begin(hs->audit);
    if (e)
        (void)!take_back(hs, session);
    return e;
}

/* Dendrite knows of no locks. Who has not shown the password is not told of one. */
static enum err refuse_locked(struct homeserver *hs, const char *localpart, struct arena *arena,
                              const struct session *session)
{
    struct user_state state = {0};
    enum err e = user_states_find(hs->db, localpart, arena, &state);

    if (e || !state.locked)
        return e;
    e = take_back(hs, session);
    return e ? e : ERR_LOCKED;
}

enum err dendrite_admit(struct homeserver *hs, const char *localpart, struct arena *arena,
                        const struct session *session)
{
    enum err e = refuse_locked(hs, localpart, arena, session);

    return e ? e : tell(hs, session);
}

enum err dendrite_sign_in(struct homeserver *hs, const char *localpart, const char *password,
                          const struct client *client, struct arena *arena, struct session *session)
{
    enum err e = log_in(hs, localpart, password, client, arena, session);

    return e ? e : dendrite_admit(hs, localpart, arena, session);
}

enum err dendrite_begin_session(struct homeserver *hs, const char *localpart, const struct client *client,
                                struct arena *arena, struct session *session)
{
    struct account account;
    enum err e = accounts_find(hs->db, localpart, hs->config->server_name, arena, &account);

    if (!e && account.deactivated)
        e = ERR_DEACTIVATED;
    if (!e)
        e = dendrite_need_service(hs);
    if (!e)
        e = log_in(hs, localpart, NULL, client, arena, session);
    return e ? e : tell(hs, session);
}

enum err dendrite_end_session(struct homeserver *hs, const char *localpart, const char *device_id)
{
    struct arena *arena = arena_new();
    const char *token = NULL;
    enum err e = arena ? devices_token(hs->db, localpart, hs->config->server_name, device_id, arena, &token)
                       : ERR_NOMEM;

    if (!e) {
        e = dendrite_end_token(hs, token);
        if (e == ERR_DENIED) /* somebody else has ended it since it was read */
            e = ERR_NOT_FOUND;
    }
    arena_free(&arena);
    return e;
}

/* Users end their own with the token that they came with. */
enum err dendrite_end_sessions(struct homeserver *hs, const char *localpart)
{
    bool own = hs->actor && strcmp(hs->actor->localpart, localpart) == 0;
    struct question question = {.endpoint = ENDPOINT_LOGOUT_ALL};
    enum account_type type;
    enum err e = accounts_type(hs->db, localpart, hs->config->server_name, &type);

    if (e) /* no account has no sessions */
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (own)
        question.token = hs->actor->token;
    else
        question.as_user = localpart;
    return dendrite_ask(hs, &question, NULL);
}
