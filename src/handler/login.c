/* SPDX-License-Identifier: ISC */
/* Signing in with a password ("Login" in the Client-Server API). */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/limits.h"
#include "handler/login.h"
#include "matrix/id.h"
#include "matrix/json_wipe.h"
#include "store/accounts.h"

#define PASSWORD_TYPE  "m.login.password"
#define USER_TYPE      "m.id.user" /* of an identifier */
#define WRONG_PASSWORD "The username or password was incorrect or the account does not exist."
#define IDENTIFIER_MAX 255 /* characters of a user id */

#define MEMBER(member) offsetof(struct login, member)

static const struct field type_fields[] = {
    {.name = "type", .type = FIELD_STRING, .offset = MEMBER(type), .required = true},
};

static const struct field login_fields[] = {
    {.name = "identifier", .type = FIELD_OBJECT, .offset = MEMBER(identifier)},
    {.name = "password",
     .type = FIELD_STRING,
     .offset = MEMBER(password),
     .max = PASSWORD_LENGTH_MAX,
     .required = true},
    {.name = "device_id", .type = FIELD_STRING, .offset = MEMBER(device_id), .min = 1, .max = 255},
    {.name = "initial_device_display_name",
     .type = FIELD_STRING,
     .offset = MEMBER(device_display_name),
     .max = 255},
};

/* In the identifier, or, where there is none, beside the password: the form that the specification had first.
 */
static const struct field user_fields[] = {
    {.name = "user", .type = FIELD_STRING, .offset = MEMBER(user), .max = IDENTIFIER_MAX, .required = true},
};

static struct client client_of(const struct call *call)
{
    return (struct client){.address = call->request.address, .user_agent = call->request.user_agent};
}

/* Whether the request is to sign in with a password as a user, so that nobody else need know of it. */
static bool is_known_way(const json_t *object)
{
    const json_t *identifier = json_object_get(object, "identifier");
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *kind = json_string_value(json_object_get(identifier, "type"));

    return !type || (strcmp(type, PASSWORD_TYPE) == 0 && (!kind || strcmp(kind, USER_TYPE) == 0));
}

/* Makes the answer what the homeserver said, with `home_server`, and counts it if it is a refusal. */
static void pass_back(struct call *call, int status, json_t *answer)
{
    const char *text = json_string_value(json_object_get(answer, "error"));

    if (status == 403) {
        limits_failed(call, "", API_FORBIDDEN, text);
        json_decref(answer);
        return;
    }
    if (status == 200 && json_object_get(answer, "access_token") &&
        json_object_set_new(answer, "home_server", json_string(call->app->config->server_name)) < 0) {
        json_forget(&answer);
        call_fail(call, API_INTERNAL, NULL);
        return;
    }
    reply_json(&call->reply, status, answer);
}

/* Has the homeserver answer, if it has ways to sign in of its own. Returns false where it has none. */
static bool pass_on(struct call *call, json_t *request)
{
    const struct client client = client_of(call);
    json_t *answer = NULL;
    int status = 0;
    enum err e;

    if (request && !limits_allow(call, ""))
        return true;
    e = homeserver_pass_sign_in(&call->homeserver, request, call->request.token, &client, call->arena,
                                &status, &answer);
    if (e == ERR_UNSUPPORTED && !call->homeserver.reason)
        return false;
    if (!e)
        pass_back(call, status, answer);
    else if (e == ERR_LOCKED)
        call_fail(call, API_USER_LOCKED, NULL);
    else
        call_fail_err(call, e);
    return true;
}

json_t *login_flows(struct call *call)
{
    return pass_on(call, NULL) ? NULL : json_pack("{s:[{s:s}]}", "flows", "type", PASSWORD_TYPE);
}

static bool identifier_check(struct call *call, struct login *login)
{
    struct login identifier = {0};

    if (!login->identifier)
        return true;
    if (!fields_decode(call, login->identifier, type_fields, 1, &identifier))
        return false;
    if (strcmp(identifier.type, USER_TYPE) != 0) {
        call_fail(call, API_BAD_REQUEST, "Unknown login identifier type");
        return false;
    }
    return true;
}

bool login_decode(struct call *call, struct login *login)
{
    json_t *object = call_json(call);

    if (!object || !fields_decode(call, object, type_fields, 1, login))
        return false;
    if (strcmp(login->type, PASSWORD_TYPE) != 0) {
        call_fail(call, API_BAD_REQUEST, "Unknown login type");
        return false;
    }
    return fields_decode(call, object, login_fields, sizeof login_fields / sizeof *login_fields, login) &&
           identifier_check(call, login) &&
           fields_decode(call, login->identifier ? login->identifier : object, user_fields, 1, login);
}

/* Local names are in lower case, and people type capitals; a historical name with capitals is found as it is.
 */
static enum err localpart_fold(struct call *call, const char *given, const char **localpart)
{
    struct account account;
    char *folded = arena_strdup(call->arena, given);
    enum err e;

    *localpart = folded;
    if (!folded)
        return ERR_NOMEM;
    for (char *c = folded; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (strcmp(folded, given) == 0)
        return ERR_OK;
    e = accounts_find(call->app->db, given, call->app->config->server_name, call->arena, &account);
    if (!e)
        *localpart = given;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Whose account is meant; `*localpart` is "" when it can be no local user's. */
static enum err login_account(struct call *call, const char *user, const char **localpart)
{
    const char *given;
    struct user_id id;

    *localpart = "";
    if (*user != '@')
        return localpart_fold(call, user, localpart);
    if (!user_id_parse(user, &id) || strcmp(id.server_name, call->app->config->server_name) != 0)
        return ERR_OK;
    given = arena_strdup(call->arena, id.localpart);
    return given ? localpart_fold(call, given, localpart) : ERR_NOMEM;
}

static json_t *login_answer(struct call *call, const struct session *session)
{
    const struct config *config = call->app->config;
    json_t *well_known = NULL;

    if (*config->public_baseurl) {
        well_known = json_pack("{s:{s:s}}", "m.homeserver", "base_url", config->public_baseurl);
        if (!well_known)
            return NULL;
    }
    /* home_server is deprecated, but clients in use build the ids of users and media from it. */
    return json_pack("{s:s, s:s, s:s, s:s, s:o*}", "user_id", session->user_id, "access_token",
                     session->access_token, "device_id", session->device_id, "home_server",
                     config->server_name, "well_known", well_known);
}

json_t *login_post(struct call *call)
{
    struct login login = {0};
    struct session session = {0};
    struct client client;
    const char *localpart;
    json_t *object = call_json(call);
    enum err e;

    if (!object || (!is_known_way(object) && pass_on(call, object)) || !login_decode(call, &login))
        return NULL;
    e = login_account(call, login.user, &localpart);
    if (e)
        return call_fail_err(call, e);
    if (!limits_allow(call, localpart))
        return NULL;
    call->subject = localpart;
    client = client_of(call);
    client.device_id = login.device_id;
    client.display_name = login.device_display_name;
    e = *localpart
            ? homeserver_sign_in(&call->homeserver, localpart, login.password, &client, call->arena, &session)
            : ERR_DENIED;
    if (e == ERR_DENIED)
        return limits_failed(call, localpart, API_FORBIDDEN, WRONG_PASSWORD);
    if (e == ERR_LOCKED)
        return call_fail(call, API_USER_LOCKED, NULL);
    if (e == ERR_DEACTIVATED)
        return call_fail(call, API_USER_DEACTIVATED, NULL);
    if (e)
        return call_fail_err(call, e);
    limits_succeeded(call, localpart);
    return login_answer(call, &session);
}
