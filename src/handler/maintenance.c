/* SPDX-License-Identifier: ISC */
/*
 * What a homeserver that federates, or searches, can be asked to do again: Dendrite's refreshDevices,
 * downloadState and reindex. Dendrite has two of them do it on GET; but who asks by HEAD wants nothing to
 * happen (RFC 9110 section 9.2.1).
 */
#include <string.h>

#include "handler/handlers.h"
#include "matrix/id.h"

static json_t *answer(struct call *call, enum err e)
{
    return e ? call_fail_err(call, e) : json_object();
}

static bool is_ours(const struct call *call, const char *server_name)
{
    return strcmp(server_name, call->app->config->server_name) == 0;
}

json_t *devices_refresh(struct call *call)
{
    const char *text = call->parameters[0];
    struct user_id id;

    if (!user_id_parse(text, &id))
        return call_fail(call, API_INVALID_PARAM, "Expected UserID of the form '@localname:domain'");
    if (is_ours(call, id.server_name))
        return call_fail(call, API_INVALID_PARAM, "Can not mark local device list as stale");
    return answer(call, homeserver_refresh_devices(&call->homeserver, text));
}

json_t *state_download(struct call *call)
{
    const char *server_name = call->parameters[0], *room_id = call->parameters[1];
    enum err e;

    if (!server_name_valid(server_name))
        return call_fail(call, API_INVALID_PARAM,
                         arena_printf(call->arena, "%s is not a legal server name", server_name));
    if (is_ours(call, server_name))
        return call_fail(call, API_INVALID_PARAM, "The state of a room is downloaded from another server");
    if (!call_room_id(call, room_id))
        return NULL;
    if (call->request.head)
        return json_object();
    e = homeserver_download_state(&call->homeserver, server_name, room_id);
    return e == ERR_NOT_FOUND ? call_fail(call, API_NOT_FOUND, "Room not found") : answer(call, e);
}

json_t *fulltext_reindex(struct call *call)
{
    return call->request.head ? json_object() : answer(call, homeserver_reindex(&call->homeserver));
}
