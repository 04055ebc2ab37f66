/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/log.h"
#include "crypto/random.h"
#include "homeserver/dendrite/sessions.h"
#include "matrix/json_wipe.h"
#include "matrix/registration.h"
#include "store/devices.h"

#define BCRYPT_MAX 72 /* bytes of a password; what is longer, Dendrite answers with 500 */

enum err dendrite_check_password(const char *password)
{
    return strlen(password) > BCRYPT_MAX ? ERR_TOO_LARGE : ERR_OK;
}

/* Asks for a nonce, which lives in `arena`. */
static enum err fetch_nonce(struct homeserver *hs, struct arena *arena, const char **nonce)
{
    json_t *answer = NULL;
    enum err e = dendrite_ask(hs, &(struct question){.endpoint = ENDPOINT_NONCE}, &answer);

    if (e == ERR_UNSUPPORTED)
        return dendrite_fail(
            hs, e,
            "Dendrite creates accounts for mxadmin only with client_api.registration_shared_secret"
            " in its configuration");
    if (!e)
        e = dendrite_take(answer, "nonce", arena, nonce);
    json_forget(&answer);
    return e;
}

/* Registers the account. Dendrite begins a session with it, always of the same device id. */
static enum err create(struct homeserver *hs, const struct new_account *account, const char *password,
                       const struct client *client, struct arena *arena, struct session *session)
{
    struct registration_claim claim = {
        .username = account->localpart, .password = password, .admin = account->type == ACCOUNT_ADMIN};
    struct question question = {.endpoint = ENDPOINT_REGISTER, .client = client};
    char mac[REGISTRATION_MAC_SIZE] = "";
    json_t *answer = NULL;
    enum err e = fetch_nonce(hs, arena, &claim.nonce);

    if (!e)
        e = registration_mac(hs->config->registration_shared_secret, &claim, mac);
    if (!e) {
        question.body = json_pack("{s:s, s:s, s:s, s:b, s:s, s:s*}", "nonce", claim.nonce, "username",
                                  claim.username, "password", password, "admin", claim.admin, "mac", mac,
                                  "displayname", account->display_name);
        e = dendrite_ask(hs, &question, &answer);
    }
    if (!e)
        e = dendrite_take_session(answer, arena, session);
    json_forget(&answer);
    explicit_bzero(mac, sizeof mac);
    return e;
}

/* Dendrite names an account without a display name after its localpart. */
static enum err remove_display_name(struct homeserver *hs, const struct session *session)
{
    return dendrite_ask(hs,
                        &(struct question){.endpoint = ENDPOINT_DISPLAY_NAME,
                                           .segments = {session->user_id},
                                           .token = session->access_token,
                                           .body = json_pack("{s:s}", "displayname", "")},
                        NULL);
}

/* Makes the session what was asked for: none, or one of the client's own device. */
static enum err exchange_session(struct homeserver *hs, const struct new_account *account,
                                 const char *password, const struct client *client, struct arena *arena,
                                 struct session *session)
{
    const struct session first = *session;
    enum err e = ERR_OK;

    if (client && !client->device_id && !client->display_name)
        return ERR_OK;
    if (client)
        e = dendrite_sign_in(hs, account->localpart, password, client, arena, session);
    /* The device that was asked for may be the one of the first session, whose token has ended then. */
    if (!e && (!client || strcmp(session->device_id, first.device_id) != 0))
        e = dendrite_end_token(hs, first.access_token);
    return e;
}

/* The account is there then, whatever else fails. */
static enum err complete(struct homeserver *hs, const struct new_account *account, const char *password,
                         const struct client *client, struct arena *arena, struct session *session)
{
    enum err e = account->display_name ? ERR_OK : remove_display_name(hs, session);

    if (!e)
        e = exchange_session(hs, account, password, client, arena, session);
    if (e)
        log_warning("account %s was created, but it could not be completed: %s", account->localpart,
                    hs->reason ? hs->reason : err_text(e));
    return e;
}

enum err dendrite_create_account(struct homeserver *hs, const struct new_account *account,
                                 const struct client *client, struct arena *arena, struct session *session)
{
    struct session made = {0};
    char none[RANDOM_TOKEN_SIZE] = ""; /* a password that nobody knows */
    const char *password = account->password ? account->password : none;
    enum account_type type;
    enum err e = accounts_type(hs->db, account->localpart, hs->config->server_name, &type);

    if (!e)
        return ERR_EXISTS;
    if (e != ERR_NOT_FOUND)
        return e;
    if (account->type != ACCOUNT_USER && account->type != ACCOUNT_ADMIN)
        return dendrite_fail(hs, ERR_UNSUPPORTED, "Dendrite creates users and admins only");
    e = account->password ? dendrite_check_password(password) : random_token(none);
    if (!e)
        e = create(hs, account, password, client, arena, &made);
    if (!e)
        e = complete(hs, account, password, client, arena, &made);
    if (!e && client)
        *session = made;
    explicit_bzero(none, sizeof none);
    return e;
}

enum err dendrite_reset_password(struct homeserver *hs, const char *localpart, const char *password,
                                 bool end_sessions, struct arena *arena)
{
    const char *user_id = dendrite_user_id(hs, localpart, arena), *token = NULL;
    enum err e = user_id ? dendrite_admin_token(hs, arena, &token) : ERR_NOMEM;

    if (e)
        return e;
    return dendrite_ask(hs,
                        &(struct question){.endpoint = ENDPOINT_RESET_PASSWORD,
                                           .segments = {user_id},
                                           .token = token,
                                           .body = json_pack("{s:s, s:b}", "password", password,
                                                             "logout_devices", end_sessions)},
                        NULL);
}

/* Ends the sessions of all devices but one. */
static enum err end_others(struct homeserver *hs, const struct token_owner *kept, struct arena *arena)
{
    struct id_list ids = {0};
    enum err e = dendrite_devices(hs, kept->localpart, arena, &ids);

    for (size_t i = 0; !e && i < ids.count; i++)
        if (strcmp(ids.ids[i], kept->device_id) != 0) {
            e = dendrite_end_session(hs, kept->localpart, ids.ids[i]);
            if (e == ERR_NOT_FOUND)
                e = ERR_OK;
        }
    return e;
}

/*
 * Dendrite's own logout_devices knows no exception, and forgets the devices without their keys, and without
 * telling other servers. So the sessions end first, as users end them; who signs in meanwhile with the old
 * password is signed out with the change.
 */
static enum err change_password(struct homeserver *hs, const char *localpart, const char *password,
                                bool end_sessions, const char *except_token, struct arena *arena)
{
    struct token_owner kept = {0};
    const char *token;
    enum err e = dendrite_admin_token(hs, arena, &token); /* or the sessions would end for nothing */

    if (e)
        return e;
    if (!end_sessions)
        return dendrite_reset_password(hs, localpart, password, false, arena);
    e = ERR_NOT_FOUND;
    if (except_token)
        e = devices_find_token(hs->db, except_token, hs->config->server_name, arena, &kept);
    if (e && e != ERR_NOT_FOUND)
        return e;
    if (!e && strcmp(kept.localpart, localpart) == 0) {
        e = dendrite_reset_password(hs, localpart, password, false, arena);
        return e ? e : end_others(hs, &kept, arena);
    }
    e = dendrite_has_service(hs) ? dendrite_end_sessions(hs, localpart) : ERR_OK;
    return e ? e : dendrite_reset_password(hs, localpart, password, true, arena);
}

enum err dendrite_set_password(struct homeserver *hs, const char *localpart, const char *password,
                               bool end_sessions, const char *except_token)
{
    struct arena *arena = arena_new();
    enum account_type type;
    enum err e = arena ? accounts_type(hs->db, localpart, hs->config->server_name, &type) : ERR_NOMEM;

    if (!e)
        e = dendrite_check_password(password);
    if (!e)
        e = change_password(hs, localpart, password, end_sessions, except_token, arena);
    arena_free(&arena);
    return e;
}
