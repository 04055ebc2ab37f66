/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/utf8.h"
#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/password.h"
#include "store/accounts.h"

static const struct field fields[] = {
    {.name = "password",
     .type = FIELD_STRING,
     .offset = offsetof(struct new_password, password),
     .required = true,
     .missing = {API_MISSING_PARAM, "Expecting non-empty password."}},
    {.name = "logout_devices",
     .type = FIELD_BOOLEAN,
     .offset = offsetof(struct new_password, logout_devices)},
};

/* Dendrite's answers for each length: three errcodes that a row of the table cannot tell apart. */
bool new_password_decode(struct call *call, struct new_password *new_password)
{
    json_t *object = call_json(call);
    size_t length;

    if (!object || !fields_decode(call, object, fields, sizeof fields / sizeof *fields, new_password))
        return false;
    length = utf8_length(new_password->password);
    if (length == 0)
        call_fail(call, API_MISSING_PARAM, "Expecting non-empty password.");
    else if (length < PASSWORD_LENGTH_MIN)
        call_fail(call, API_WEAK_PASSWORD, NULL);
    else if (length > PASSWORD_LENGTH_MAX)
        call_fail(call, API_BAD_JSON, "password too long: max 512 characters");
    else
        return true;
    return false;
}

json_t *password_reset(struct call *call)
{
    const char *localpart = call_local_user(call, call->parameters[0], true, API_INVALID_PARAM,
                                            "Can only reset the password of a local user");
    struct new_password new_password = {0};
    struct account account;
    enum err e;

    if (!localpart)
        return NULL;
    e = accounts_find(call->app->db, localpart, call->app->config->server_name, call->arena, &account);
    if (e == ERR_NOT_FOUND)
        return call_fail(call, API_NO_SUCH_USER, NULL);
    if (e)
        return call_fail_err(call, e);
    if (!new_password_decode(call, &new_password))
        return NULL;
    /* The caller's token is no session of any other user, so it can be spared without asking whose it is. */
    e = homeserver_set_password(&call->homeserver, localpart, new_password.password,
                                new_password.logout_devices, call->request.token);
    if (e == ERR_NOT_FOUND)
        return call_fail(call, API_NO_SUCH_USER, NULL);
    if (e == ERR_TOO_LARGE)
        return call_fail(call, API_BAD_JSON, PASSWORD_BEYOND_BCRYPT);
    if (e)
        return call_fail_err(call, e);
    return json_pack("{s:b}", "password_updated", 1);
}
