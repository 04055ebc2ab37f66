/* SPDX-License-Identifier: ISC */
/* Synapse's PUT of a user, which makes one or changes one by the same body. */
#include <ctype.h>
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/username.h"
#include "handler/users.h"
#include "homeserver/account_change.h"
#include "matrix/id.h"

#define DISPLAY_NAME_MAX 256 /* characters: Synapse's bounds */
#define AVATAR_URL_MAX   1000

struct body {
    struct account_change change;
    json_t *threepids;
    json_t *external_ids;
    json_t *user_type;
};

#define MEMBER(member) offsetof(struct body, member)

/* In the order in which Synapse finds fault. */
static const struct field fields[] = {
    {.name = "displayname",
     .type = FIELD_STRING,
     .offset = MEMBER(change.display_name),
     .max = DISPLAY_NAME_MAX,
     .invalid = {API_INVALID_PARAM, "'displayname' must be a string"},
     .range = {API_BAD_REQUEST, "Displayname is too long (max 256)"}},
    {.name = "avatar_url",
     .type = FIELD_STRING,
     .offset = MEMBER(change.avatar_url),
     .max = AVATAR_URL_MAX,
     .invalid = {API_INVALID_PARAM, "'avatar_url' must be a string"},
     .range = {API_BAD_REQUEST, "Avatar URL is too long (max 1000)"}},
    {.name = "threepids", .type = FIELD_ARRAY, .offset = MEMBER(threepids)},
    {.name = "external_ids", .type = FIELD_ARRAY, .offset = MEMBER(external_ids)},
    {.name = "user_type", .type = FIELD_ANY, .offset = MEMBER(user_type)},
    {.name = "admin",
     .type = FIELD_CHOICE,
     .offset = MEMBER(change.admin),
     .null = NULL_IS_INVALID,
     .invalid = {API_BAD_JSON, "Param 'admin' must be a boolean, if given"}},
    {.name = "password",
     .type = FIELD_STRING,
     .offset = MEMBER(change.password),
     .max = PASSWORD_LENGTH_MAX,
     .invalid = {API_BAD_REQUEST, "Invalid password"}},
    {.name = "logout_devices",
     .type = FIELD_BOOLEAN,
     .offset = MEMBER(change.end_sessions),
     .null = NULL_IS_INVALID,
     .invalid = {API_BAD_REQUEST, "'logout_devices' parameter is not of type boolean"}},
    {.name = "deactivated",
     .type = FIELD_CHOICE,
     .offset = MEMBER(change.active), /* the contrary of it, for now */
     .null = NULL_IS_INVALID,
     .invalid = {API_BAD_REQUEST, "'deactivated' parameter is not of type boolean"}},
    {.name = "locked",
     .type = FIELD_CHOICE,
     .offset = MEMBER(change.locked),
     .null = NULL_IS_INVALID,
     .invalid = {API_BAD_REQUEST, "'locked' parameter is not of type boolean"}},
};

/* An item of "threepids" or "external_ids". */
static const struct field threepid_fields[] = {
    {.name = "medium", .type = FIELD_STRING, .offset = offsetof(struct identity, kind), .required = true},
    {.name = "address", .type = FIELD_STRING, .offset = offsetof(struct identity, id), .required = true},
};
static const struct field external_id_fields[] = {
    {.name = "auth_provider",
     .type = FIELD_STRING,
     .offset = offsetof(struct identity, kind),
     .required = true},
    {.name = "external_id", .type = FIELD_STRING, .offset = offsetof(struct identity, id), .required = true},
};

/* Whether it has one @, and something on either side. */
static bool email_valid(const char *address)
{
    const char *at = strchr(address, '@');

    return at && at > address && at[1] && !strchr(at + 1, '@');
}

/* A copy in lower case, as addresses are kept; NULL when memory is gone. */
static const char *lower(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    for (char *c = copy; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static bool check_threepid(struct call *call, struct identity *threepid)
{
    bool email = strcmp(threepid->kind, "email") == 0;

    if (!email && strcmp(threepid->kind, "msisdn") != 0) {
        call_fail(call, API_INVALID_PARAM, "Third-party ids are of the medium 'email' or 'msisdn'");
        return false;
    }
    if (email && !email_valid(threepid->id)) {
        call_fail(call, API_BAD_REQUEST, "Unable to parse email address");
        return false;
    }
    if (email)
        threepid->id = lower(call->arena, threepid->id);
    if (!threepid->id)
        call_fail(call, API_INTERNAL, NULL);
    return threepid->id;
}

static bool read_identity(struct call *call, json_t *item, bool threepid, struct identity *identity)
{
    if (!json_is_object(item)) {
        call_fail(call, API_BAD_JSON,
                  threepid ? "'threepids' must be a list of objects"
                           : "'external_ids' must be a list of objects");
        return false;
    }
    return fields_decode(call, item, threepid ? threepid_fields : external_id_fields, 2, identity) &&
           (!threepid || check_threepid(call, identity));
}

/* The list that `array` holds, NULL where it is NULL; false after the answer has become an error. */
static bool read_identities(struct call *call, const json_t *array, bool threepids,
                            const struct identity_list **out)
{
    struct identity_list *list;
    struct identity *identities;

    if (!array)
        return true;
    list = arena_alloc(call->arena, sizeof *list);
    identities = arena_alloc(call->arena, (json_array_size(array) + 1) * sizeof *identities);
    if (!list || !identities) {
        call_fail(call, API_INTERNAL, NULL);
        return false;
    }
    for (size_t i = 0; i < json_array_size(array); i++)
        if (!read_identity(call, json_array_get(array, i), threepids, &identities[i]))
            return false;
    *list = (struct identity_list){identities, json_array_size(array)};
    *out = list;
    return true;
}

/* Unlike the other keys, null means something: that there is no type. */
static bool read_user_type(struct call *call, const json_t *object, struct body *body)
{
    const json_t *value = json_object_get(object, "user_type");
    const char *text = json_string_value(value);

    if (!value)
        return true;
    body->change.user_type = json_is_null(value) ? "" : text;
    if (json_is_null(value) || (text && (strcmp(text, "bot") == 0 || strcmp(text, "support") == 0)))
        return true;
    call_fail(call, API_BAD_REQUEST, "Invalid user type");
    return false;
}

static bool read_body(struct call *call, const char *localpart, struct body *body)
{
    static const enum choice contrary[] = {CHOICE_STAY, CHOICE_YES, CHOICE_NO};
    json_t *object = call_json(call);

    *body = (struct body){.change = {.end_sessions = true, .except_token = call->request.token}};
    if (!object || !fields_decode(call, object, fields, sizeof fields / sizeof *fields, body) ||
        !read_identities(call, body->threepids, true, &body->change.threepids) ||
        !read_identities(call, body->external_ids, false, &body->change.external_ids) ||
        !read_user_type(call, object, body))
        return false;
    body->change.active = contrary[body->change.active];
    return user_change_allowed(call, localpart, &body->change);
}

/* What a new account cannot be given with its making. Being locked or deactivated is not for new ones. */
static enum err complete(struct call *call, const char *localpart, const struct account_change *change)
{
    const struct account_change rest = {
        .avatar_url = change->avatar_url,
        .threepids = change->threepids,
        .external_ids = change->external_ids,
        .user_type = change->user_type,
    };

    if (!rest.avatar_url && !rest.threepids && !rest.external_ids && !rest.user_type)
        return ERR_OK;
    return homeserver_change_account(&call->homeserver, localpart, &rest);
}

static json_t *create(struct call *call, const char *localpart, const struct account_change *change)
{
    const char *name = change->display_name ? change->display_name : localpart;
    const struct new_account account = {
        .localpart = localpart,
        .password = change->password,
        .display_name = *name ? name : NULL,
        .type = change->admin == CHOICE_YES ? ACCOUNT_ADMIN : ACCOUNT_USER,
    };
    json_t *shown;
    enum err e;

    if (!username_allowed(call, localpart))
        return NULL;
    e = account_change_check(call->app->db, localpart, account.type, change);
    if (e)
        return user_change_fail(call, e);
    e = homeserver_create_account(&call->homeserver, &account, NULL, call->arena, NULL);
    if (e == ERR_EXISTS) /* somebody has made it since it was looked for */
        return call_fail(call, API_USER_IN_USE, NULL);
    if (!e)
        e = complete(call, localpart, change);
    if (e)
        return user_change_fail(call, e);
    shown = user_show(call, localpart);
    return shown ? call_created(call, shown) : NULL;
}

/* null is for who is made: whoever is there loses a name or an avatar by "". */
static bool refuse_null(struct call *call)
{
    static const char *const names[] = {"displayname", "avatar_url"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!json_is_null(json_object_get(call->json, names[i])))
            continue;
        call_fail(call, API_INVALID_PARAM, arena_printf(call->arena, "'%s' must be a string", names[i]));
        return false;
    }
    return true;
}

/* A display name without the space around it: Synapse's is so once it is changed. False: no memory. */
static bool trim(struct arena *arena, const char **name)
{
    static const char space[] = " \t\n\v\f\r";
    const char *text = *name ? *name + strspn(*name, space) : NULL;
    size_t length = text ? strlen(text) : 0;

    while (length > 0 && strchr(space, text[length - 1]))
        length--;
    *name = text ? arena_printf(arena, "%.*s", (int)length, text) : NULL;
    return *name || !text;
}

/* An id that is too long is none; whoever makes an account is told so of the name. */
static bool refuse_long(struct call *call, const char *text)
{
    const char *colon = strchr(text, ':'), *localpart;

    if (*text != '@' || strlen(text) < ID_SIZE || !colon ||
        strcmp(colon + 1, call->app->config->server_name) != 0)
        return false;
    localpart = arena_printf(call->arena, "%.*s", (int)(colon - text - 1), text + 1);
    if (!localpart)
        call_fail(call, API_INTERNAL, NULL);
    return !localpart || !username_allowed(call, localpart);
}

json_t *user_put(struct call *call)
{
    const char *localpart = NULL;
    enum account_type type;
    struct body body;
    enum err e;

    if (!refuse_long(call, call->parameters[0]))
        localpart = call_local_user(call, call->parameters[0], false, API_BAD_REQUEST,
                                    "This endpoint can only be used with local users");
    if (!localpart || !read_body(call, localpart, &body))
        return NULL;
    e = accounts_type(call->app->db, localpart, call->app->config->server_name, &type);
    if (e == ERR_NOT_FOUND)
        return create(call, localpart, &body.change);
    if (!e && !refuse_null(call))
        return NULL;
    if (!e && !trim(call->arena, &body.change.display_name))
        e = ERR_NOMEM;
    if (!e)
        e = homeserver_change_account(&call->homeserver, localpart, &body.change);
    return e ? user_change_fail(call, e) : user_show(call, localpart);
}
