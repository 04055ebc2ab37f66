/* SPDX-License-Identifier: ISC */
/* Synapse's send_server_notice. */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"

struct body {
    const char *user_id;
    const char *type;
    const char *state_key;
    json_t *content;
};

static const struct field fields[] = {
    {.name = "user_id", .type = FIELD_STRING, .offset = offsetof(struct body, user_id), .required = true},
    {.name = "content", .type = FIELD_OBJECT, .offset = offsetof(struct body, content), .required = true},
    {.name = "type", .type = FIELD_STRING, .offset = offsetof(struct body, type)},
    {.name = "state_key", .type = FIELD_STRING, .offset = offsetof(struct body, state_key)},
};

/* A message has a body and a msgtype, in Synapse's words. False after the answer has become what is wrong. */
static bool check_message(struct call *call, const json_t *content)
{
    static const char *const names[] = {"body", "msgtype"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *value = json_object_get(content, names[i]);

        if (json_is_string(value))
            continue;
        call_fail(
            call, API_BAD_REQUEST,
            arena_printf(call->arena, value ? "'%s' not a string type" : "'%s' not in content", names[i]));
        return false;
    }
    return true;
}

/* Decodes the body; `notice` is all but its transaction then. False after the answer has become an error. */
static bool read_notice(struct call *call, struct notice *notice)
{
    struct body body = {.type = "m.room.message"};
    json_t *object = call_json(call);

    if (!object || !fields_decode(call, object, fields, sizeof fields / sizeof *fields, &body))
        return false;
    if (!call->app->config->server_notices.enabled || !*call->app->config->server_notices.local_part) {
        call_fail(call, API_BAD_REQUEST, "Server notices are not enabled on this server");
        return false;
    }
    notice->localpart = call_local_user(call, body.user_id, false, API_BAD_REQUEST,
                                        "Server notices can only be sent to local users");
    call->audit.row.target = body.user_id;
    notice->type = body.type;
    notice->state_key = body.state_key;
    notice->content = body.content;
    return notice->localpart &&
           (strcmp(body.type, "m.room.message") != 0 || check_message(call, body.content));
}

static json_t *send(struct call *call, const char *transaction_id)
{
    struct notice notice = {.transaction = {.token = call->request.token, .id = transaction_id}};
    const char *event_id;
    enum err e;

    if (!read_notice(call, &notice))
        return NULL;
    e = homeserver_send_notice(&call->homeserver, &notice, call->arena, &event_id);
    switch (e) {
    case ERR_OK:
        return json_pack("{s:s}", "event_id", event_id);
    case ERR_NOT_FOUND:
        return call_fail(call, API_NOT_FOUND, "User not found");
    case ERR_INVALID:
        return call_fail(call, API_BAD_JSON, "This cannot be the event of a notice to this user");
    case ERR_TOO_LARGE:
        return call_fail(call, API_TOO_LARGE, "The event would be too large");
    case ERR_DENIED:
        return call_fail(call, API_FORBIDDEN,
                         call->homeserver.reason ? call->homeserver.reason
                                                 : "An event of this type cannot be sent as a notice");
    default:
        return call_fail_err(call, e);
    }
}

json_t *notice_post(struct call *call)
{
    return send(call, NULL);
}

json_t *notice_put(struct call *call)
{
    return send(call, call->parameters[0]);
}
