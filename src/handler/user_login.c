/* SPDX-License-Identifier: ISC */
/* Synapse's "login as a user": a token with which an admin acts as somebody else. */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "homeserver/puppets.h"

static const struct field fields[] = {
    {.name = "valid_until_ms",
     .type = FIELD_INTEGER,
     .null = NULL_IS_VALUE,
     .invalid = {API_BAD_REQUEST, "'valid_until_ms' parameter must be an int"}},
};

/* An empty body is one that says nothing. */
static bool read_body(struct call *call, struct field_integer *valid_until)
{
    json_t *object = call->body_size > 0 ? call_json(call) : NULL;

    *valid_until = (struct field_integer){.state = INTEGER_ABSENT};
    return call->body_size == 0 || (object && fields_decode(call, object, fields, 1, valid_until));
}

json_t *user_login_post(struct call *call)
{
    const char *localpart = call_existing_user(call, call->parameters[0],
                                               "Only local users can be logged in as", "User not found");
    struct field_integer valid_until;
    struct session session;
    int64_t valid_until_ts = 0;
    enum err e;

    if (!localpart || !read_body(call, &valid_until))
        return NULL;
    if (strcmp(localpart, call->caller.owner.localpart) == 0)
        return call_fail(call, API_BAD_REQUEST, "Cannot use admin API to login as self");
    if (valid_until.state == INTEGER_GIVEN) /* 0 is long ago, and not "for ever" */
        valid_until_ts = valid_until.value > 0 ? valid_until.value : 1;
    e = puppets_begin(&call->homeserver, localpart, valid_until_ts, call->arena, &session);
    return e ? call_fail_err(call, e) : json_pack("{s:s}", "access_token", session.access_token);
}
