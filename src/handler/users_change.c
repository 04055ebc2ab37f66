/* SPDX-License-Identifier: ISC */
/* Changes of a user that have paths of their own in Synapse's admin API. */
#include <string.h>

#include "base/utf8.h"
#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/password.h"
#include "handler/users.h"

bool user_change_allowed(struct call *call, const char *localpart, const struct account_change *change)
{
    bool self = strcmp(localpart, call->caller.owner.localpart) == 0;

    if (self && change->admin == CHOICE_NO)
        call_fail(call, API_BAD_REQUEST, "You may not demote yourself.");
    else if (change->active == CHOICE_NO && change->locked == CHOICE_YES)
        call_fail(call, API_BAD_REQUEST, "An user can't be deactivated and locked");
    else if (change->password && utf8_length(change->password) < PASSWORD_LENGTH_MIN)
        call_fail(call, API_WEAK_PASSWORD, NULL);
    else
        return true;
    return false;
}

json_t *user_change_fail(struct call *call, enum err e)
{
    switch (e) {
    case ERR_NOT_FOUND:
        return call_fail(call, API_NOT_FOUND, "User not found");
    case ERR_EXISTS:
        return call_fail(call, API_IN_USE, "External id is already in use.");
    case ERR_INVALID:
        if (call->homeserver.reason)
            return call_fail_err(call, e);
        return call_fail(call, API_BAD_REQUEST, "Guests and the users of application services are no admins");
    case ERR_TOO_LARGE:
        return call_fail(call, API_BAD_REQUEST, PASSWORD_BEYOND_BCRYPT);
    default:
        return call_fail_err(call, e);
    }
}

json_t *user_admin_put(struct call *call)
{
    static const struct field admin_fields[] = {
        {.name = "admin",
         .type = FIELD_CHOICE,
         .offset = offsetof(struct account_change, admin),
         .required = true,
         .invalid = {API_BAD_JSON, "Param 'admin' must be a boolean, if given"}},
    };
    const char *localpart = call_local_user(call, call->parameters[0], false, API_BAD_REQUEST,
                                            "Only local users can be admins of this homeserver");
    struct account_change change = {0};
    json_t *object = localpart ? call_json(call) : NULL;
    enum err e;

    if (!object || !fields_decode(call, object, admin_fields, 1, &change) ||
        !user_change_allowed(call, localpart, &change))
        return NULL;
    e = homeserver_change_account(&call->homeserver, localpart, &change);
    return e ? user_change_fail(call, e) : json_object();
}

json_t *user_password_post(struct call *call)
{
    static const struct field password_fields[] = {
        {.name = "new_password",
         .type = FIELD_STRING,
         .offset = offsetof(struct account_change, password),
         .max = PASSWORD_LENGTH_MAX,
         .required = true,
         .range = {API_BAD_REQUEST, "Invalid password"}},
        {.name = "logout_devices",
         .type = FIELD_BOOLEAN,
         .offset = offsetof(struct account_change, end_sessions)},
    };
    const char *localpart = call_existing_user(call, call->parameters[0],
                                               "Can only reset the password of local users", "Unknown user");
    struct account_change change = {.end_sessions = true, .except_token = call->request.token};
    json_t *object = localpart ? call_json(call) : NULL;
    enum err e;

    if (!object || !fields_decode(call, object, password_fields, 2, &change) ||
        !user_change_allowed(call, localpart, &change))
        return NULL;
    e = homeserver_change_account(&call->homeserver, localpart, &change);
    return e ? user_change_fail(call, e) : json_object();
}

/* Erasing comes first, while the user still is in the rooms that are to forget the name. */
json_t *user_deactivate_post(struct call *call)
{
    static const struct field erase_fields[] = {
        {.name = "erase",
         .type = FIELD_CHOICE,
         .offset = offsetof(struct account_change, erased),
         .invalid = {API_BAD_JSON, "Param 'erase' must be a boolean, if given"}},
    };
    const char *localpart =
        call_existing_user(call, call->parameters[0], "Can only deactivate local users", "User not found");
    struct account_change change = {.active = CHOICE_NO};
    json_t *object = localpart && call->body_size > 0 ? call_json(call) : NULL;
    enum err e;

    if (!localpart || (call->body_size > 0 && !object) ||
        (object && !fields_decode(call, object, erase_fields, 1, &change)))
        return NULL;
    if (change.erased == CHOICE_YES)
        change.display_name = change.avatar_url = "";
    else
        change.erased = CHOICE_STAY;
    e = homeserver_change_account(&call->homeserver, localpart, &change);
    return e ? user_change_fail(call, e) : json_pack("{s:s}", "id_server_unbind_result", "success");
}

json_t *user_suspend_put(struct call *call)
{
    static const struct field suspend_fields[] = {
        {.name = "suspend",
         .type = FIELD_CHOICE,
         .offset = offsetof(struct account_change, suspended),
         .required = true},
    };
    const char *localpart =
        call_existing_user(call, call->parameters[0], "Can only suspend local users", "User not found");
    struct account_change change = {0};
    json_t *object = localpart ? call_json(call) : NULL;
    enum err e;

    if (!object || !fields_decode(call, object, suspend_fields, 1, &change))
        return NULL;
    e = homeserver_change_account(&call->homeserver, localpart, &change);
    if (e)
        return user_change_fail(call, e);
    return json_pack("{s:b}", arena_printf(call->arena, "user_%s_suspended", call->parameters[0]),
                     change.suspended == CHOICE_YES);
}
