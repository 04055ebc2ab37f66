/* SPDX-License-Identifier: ISC */
/*
 * Registration with a shared secret (Synapse, "Shared-Secret Registration"). A nonce is asked for, then the
 * account, with an HMAC over nonce and fields: whoever knows the secret needs no token.
 */
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "crypto/random.h"
#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/limits.h"
#include "handler/password.h"
#include "handler/register.h"
#include "handler/username.h"
#include "matrix/registration.h"
#include "store/nonces.h"

#define MEMBER(member) offsetof(struct registration, member)

static const struct field nonce_fields[] = {
    {.name = "nonce",
     .type = FIELD_STRING,
     .offset = MEMBER(nonce),
     .required = true,
     .missing = {API_BAD_JSON, "nonce must be specified"},
     .invalid = {API_BAD_REQUEST, "unrecognised nonce"}},
};

/* In the order in which Synapse finds fault. */
static const struct field account_fields[] = {
    {.name = "username",
     .type = FIELD_STRING,
     .offset = MEMBER(username),
     .max = 512,
     .required = true,
     .missing = {API_BAD_JSON, "username must be specified"},
     .invalid = {API_BAD_REQUEST, "Invalid username"}},
    {.name = "password",
     .type = FIELD_STRING,
     .offset = MEMBER(password),
     .max = PASSWORD_LENGTH_MAX,
     .required = true,
     .missing = {API_BAD_JSON, "password must be specified"},
     .invalid = {API_BAD_REQUEST, "Invalid password"}},
    {.name = "user_type",
     .type = FIELD_STRING,
     .offset = MEMBER(user_type),
     .invalid = {API_BAD_REQUEST, "Invalid user type"}},
    {.name = "mac",
     .type = FIELD_STRING,
     .offset = MEMBER(mac),
     .required = true,
     .missing = {API_BAD_JSON, "mac must be specified"},
     .invalid = {API_BAD_JSON, "mac must be specified"}},
    {.name = "admin", .type = FIELD_TRUTH, .offset = MEMBER(admin)},
    {.name = "inhibit_login", .type = FIELD_TRUTH, .offset = MEMBER(inhibit_login)},
    {.name = "refresh_token", .type = FIELD_ANY, .offset = MEMBER(refresh_token)},
    {.name = "displayname", .type = FIELD_STRING, .offset = MEMBER(display_name), .max = 256},
    {.name = "device_id", .type = FIELD_STRING, .offset = MEMBER(device_id), .min = 1, .max = 255},
    {.name = "initial_device_display_name",
     .type = FIELD_STRING,
     .offset = MEMBER(device_display_name),
     .max = 255},
};

json_t *register_nonce(struct call *call)
{
    char nonce[RANDOM_NONCE_SIZE];
    enum err e;

    if (!*call->app->config->registration_shared_secret)
        return call_fail(call, API_UNRECOGNIZED, NULL);
    if (random_nonce(nonce) != ERR_OK)
        return call_fail(call, API_INTERNAL, NULL);
    e = db_begin(call->app->db, DB_NOTE);
    if (!e)
        e = db_end(call->app->db, nonces_insert(call->app->db, nonce, clock_now_ms()));
    if (e == ERR_LIMITED) {
        reply_limited(&call->reply, NONCES_LIFETIME_MS, NULL);
        return NULL;
    }
    if (e)
        return call_fail_err(call, e);
    return json_pack("{s:s}", "nonce", nonce);
}

bool registration_decode_nonce(struct call *call, struct registration *registration)
{
    json_t *object = call_json(call);

    return object && fields_decode(call, object, nonce_fields, sizeof nonce_fields / sizeof *nonce_fields,
                                   registration);
}

bool registration_decode(struct call *call, struct registration *registration)
{
    const char *type;

    if (!fields_decode(call, call->json, account_fields, sizeof account_fields / sizeof *account_fields,
                       registration))
        return false;
    type = registration->user_type;
    if (type && strcmp(type, "bot") != 0 && strcmp(type, "support") != 0) {
        call_fail(call, API_BAD_REQUEST, "Invalid user type");
        return false;
    }
    return true;
}

/* Looks a nonce up, or uses it up, and answers for one that is not alive. */
static bool nonce_step(struct call *call, const char *nonce, enum db_mode mode,
                       enum err (*step)(struct db *db, const char *nonce, int64_t now_ms))
{
    enum err e = db_begin(call->app->db, mode);

    if (!e)
        e = db_end(call->app->db, step(call->app->db, nonce, clock_now_ms()));
    if (e == ERR_NOT_FOUND)
        call_fail(call, API_BAD_REQUEST, "unrecognised nonce");
    else if (e)
        call_fail_err(call, e);
    return e == ERR_OK;
}

static bool mac_check(struct call *call, const struct registration *r)
{
    const struct registration_claim claim = {r->nonce, r->username, r->password, r->admin, r->user_type};
    char expected[REGISTRATION_MAC_SIZE];
    enum err e = registration_mac(call->app->config->registration_shared_secret, &claim, expected);
    bool equal =
        !e && strlen(r->mac) == sizeof expected - 1 && digest_equal(r->mac, expected, sizeof expected - 1);

    explicit_bzero(expected, sizeof expected);
    if (e)
        call_fail_err(call, e);
    else if (!equal)
        limits_failed(call, "", API_WRONG_MAC, NULL);
    return equal;
}

/* The name in lower case, as all local names are; Synapse looks at it only once the MAC is right. */
static const char *localpart_make(struct call *call, const struct registration *r)
{
    char *localpart = arena_strdup(call->arena, r->username);

    if (!localpart) {
        call_fail(call, API_INTERNAL, NULL);
        return NULL;
    }
    for (char *c = localpart; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    return username_allowed(call, localpart) ? localpart : NULL;
}

static bool details_check(struct call *call, const struct registration *r)
{
    if (r->refresh_token && !json_is_boolean(r->refresh_token))
        call_fail(call, API_BAD_REQUEST, "refresh_token must be a boolean");
    else if (utf8_length(r->password) < PASSWORD_LENGTH_MIN)
        call_fail(call, API_WEAK_PASSWORD, NULL);
    else
        return true;
    return false;
}

/*
 * There are no refresh tokens: a client that asks for one and is given none uses its access token for good
 * (Client-Server API, "Refreshing access tokens").
 */
static json_t *account_create(struct call *call, const struct registration *r, const char *localpart)
{
    const char *server_name = call->app->config->server_name;
    const char *display_name = r->display_name ? r->display_name : localpart;
    struct new_account account = {.localpart = localpart,
                                  .password = r->password,
                                  .display_name = *display_name ? display_name : NULL,
                                  .type = r->admin ? ACCOUNT_ADMIN : ACCOUNT_USER};
    struct client client = {.device_id = r->device_id,
                            .display_name = r->device_display_name,
                            .address = call->request.address,
                            .user_agent = call->request.user_agent};
    struct session session = {0};
    enum err e = homeserver_create_account(&call->homeserver, &account, r->inhibit_login ? NULL : &client,
                                           call->arena, &session);

    if (!e && r->user_type)
        e = homeserver_change_account(&call->homeserver, localpart,
                                      &(struct account_change){.user_type = r->user_type});
    if (e == ERR_EXISTS)
        return call_fail(call, API_USER_IN_USE, NULL);
    if (e == ERR_TOO_LARGE)
        return call_fail(call, API_BAD_JSON, PASSWORD_BEYOND_BCRYPT);
    if (e)
        return call_fail_err(call, e);
    if (r->inhibit_login)
        return json_pack("{s:o, s:s}", "user_id", json_sprintf("@%s:%s", localpart, server_name),
                         "home_server", server_name);
    return json_pack("{s:s, s:s, s:s, s:s}", "user_id", session.user_id, "home_server", server_name,
                     "access_token", session.access_token, "device_id", session.device_id);
}

json_t *register_post(struct call *call)
{
    struct registration r = {0};
    const char *localpart;

    if (!*call->app->config->registration_shared_secret)
        return call_fail(call, API_UNRECOGNIZED, NULL);
    if (!registration_decode_nonce(call, &r) || !nonce_step(call, r.nonce, DB_READ, nonces_find) ||
        !registration_decode(call, &r) || !limits_allow(call, ""))
        return NULL;
    /* Before the MAC: a nonce allows one guess, and the same message is never accepted twice. */
    if (!nonce_step(call, r.nonce, DB_NOTE, nonces_use) || !mac_check(call, &r) || !details_check(call, &r))
        return NULL;
    call->subject = localpart = localpart_make(call, &r);
    return localpart ? account_create(call, &r, localpart) : NULL;
}
