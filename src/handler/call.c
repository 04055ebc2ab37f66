/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "handler/call.h"
#include "matrix/id.h"
#include "matrix/room_id.h"
#include "matrix/json_wipe.h"

json_t *call_fail(struct call *call, enum api_error error, const char *text)
{
    reply_error(&call->reply, error, text);
    return NULL;
}

json_t *call_created(struct call *call, json_t *body)
{
    if (body)
        reply_json(&call->reply, 201, body);
    return NULL;
}

json_t *call_fail_err(struct call *call, enum err err)
{
    static const struct {
        enum err err;
        enum api_error error;
    } rows[] = {
        {ERR_BUSY, API_UNAVAILABLE},    {ERR_UNREACHABLE, API_HOMESERVER_DOWN},
        {ERR_GATEWAY, API_BAD_GATEWAY}, {ERR_FULL, API_STORAGE_FULL},
        {ERR_NOT_FOUND, API_NOT_FOUND}, {ERR_UNSUPPORTED, API_UNRECOGNIZED},
        {ERR_DENIED, API_FORBIDDEN},
    };
    const char *reason = call->homeserver.reason;

    if (err == ERR_LIMITED && call->homeserver.retry_after_ms > 0) {
        reply_limited(&call->reply, call->homeserver.retry_after_ms, reason);
        return NULL;
    }
    if (err == ERR_DEACTIVATED)
        return call_fail(call, API_BAD_REQUEST, "This account has been deactivated");
    if (err == ERR_INVALID && reason) /* the homeserver's refusal; without one, it is a fault of ours */
        return call_fail(call, API_BAD_REQUEST, reason);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].err == err)
            return call_fail(call, rows[i].error, reason);
    return call_fail(call, API_INTERNAL, NULL);
}

json_t *call_fail_absent(struct call *call, enum err err, const char *text)
{
    return err == ERR_NOT_FOUND ? call_fail(call, API_NOT_FOUND, text) : call_fail_err(call, err);
}

json_t *call_json(struct call *call)
{
    /* NUL is let in, so that each field refuses it in its own words; other types are told apart below. */
    const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_ANY;
    json_error_t error;

    if (!call->json)
        call->json = json_loadb(call->body ? call->body : "", call->body_size, flags, &error);
    if (!call->json) {
        bool memory = json_error_code(&error) == json_error_out_of_memory;

        return call_fail(call, memory ? API_INTERNAL : API_NOT_JSON, NULL);
    }
    if (!json_is_object(call->json))
        return call_fail(call, API_BAD_JSON, NULL);
    return call->json;
}

void call_forget_json(struct call *call)
{
    json_forget(&call->json);
}

static bool check_room_id(struct call *call, const char *text, enum api_error error)
{
    bool valid = room_id_valid(text);

    if (!valid)
        call_fail(call, error, arena_printf(call->arena, "%s is not a legal room ID", text));
    return valid;
}

bool call_room_id(struct call *call, const char *text)
{
    return check_room_id(call, text, API_INVALID_PARAM);
}

bool call_legal_room_id(struct call *call, const char *text)
{
    return check_room_id(call, text, API_BAD_REQUEST);
}

json_t *call_ids(const struct id_list *ids)
{
    json_t *array = json_array();

    for (size_t i = 0; array && i < ids->count; i++)
        if (json_array_append_new(array, json_string(ids->ids[i])) < 0) {
            json_decref(array);
            return NULL;
        }
    return array;
}

/* As Synapse says it of what is no user id. */
static void fail_user_id(struct call *call, const char *text)
{
    call_fail(call, API_INVALID_PARAM,
              *text == '@' ? "Expected UserID of the form '@localname:domain'"
                           : "Expected UserID string to start with '@'");
}

bool call_user_id(struct call *call, const char *text)
{
    struct user_id id;
    bool valid = user_id_parse(text, &id);

    if (!valid)
        fail_user_id(call, text);
    return valid;
}

const char *call_local_user(struct call *call, const char *text, bool localpart_too,
                            enum api_error remote_error, const char *remote_text)
{
    char *localpart = NULL;
    struct user_id id;

    if (localpart_too && *text && *text != '@' && !strchr(text, ':')) {
        localpart = arena_strdup(call->arena, text);
    } else if (!user_id_parse(text, &id)) {
        fail_user_id(call, text);
        return NULL;
    } else if (strcmp(id.server_name, call->app->config->server_name) != 0) {
        call_fail(call, remote_error, remote_text);
        return NULL;
    } else {
        localpart = arena_strdup(call->arena, id.localpart);
    }
    if (!localpart)
        call_fail(call, API_INTERNAL, NULL);
    return localpart;
}

const char *call_existing_user(struct call *call, const char *text, const char *remote_text,
                               const char *unknown_text)
{
    const char *localpart = call_local_user(call, text, false, API_BAD_REQUEST, remote_text);
    enum account_type type;
    enum err e;

    if (!localpart)
        return NULL;
    e = accounts_type(call->app->db, localpart, call->app->config->server_name, &type);
    if (!e)
        return localpart;
    call_fail_absent(call, e, unknown_text);
    return NULL;
}
