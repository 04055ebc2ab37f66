/* SPDX-License-Identifier: ISC */
/* Dendrite's evacuateRoom and evacuateUser, and with ?dry_run=true what they would do. */
#include "handler/handlers.h"
#include "handler/parameters.h"

/* {"affected": […]}, and the id of the job that goes on, if one does; NULL when memory is gone. */
static json_t *answer(const struct id_list *affected, bool dry_run)
{
    json_t *body = json_pack("{s:o}", "affected", call_ids(affected));

    if (!body || (dry_run && json_object_set_new(body, "dry_run", json_true()) < 0) ||
        (affected->job_id && json_object_set_new(body, "job_id", json_string(affected->job_id)) < 0)) {
        json_decref(body);
        return NULL;
    }
    return body;
}

/*
 * False after the answer has become that of a malformed parameter. Dendrite evacuates on GET, too; but who
 * asks by HEAD wants to see what would be answered, and nothing to happen (RFC 9110 section 9.2.1).
 */
static bool read_dry_run(struct call *call, bool *dry_run)
{
    *dry_run = false;
    if (!parameter_boolean(call, "dry_run", dry_run))
        return false;
    *dry_run = *dry_run || call->request.head;
    return true;
}

json_t *evacuate_room(struct call *call)
{
    struct id_list affected;
    bool dry_run;
    enum err e;

    if (!read_dry_run(call, &dry_run))
        return NULL;
    e = homeserver_evacuate_room(&call->homeserver, call->parameters[0], dry_run, call->arena, &affected);
    if (e == ERR_INVALID)
        return call_fail(call, API_BAD_REQUEST, ROOM_VERSION_UNKNOWN);
    return e ? call_fail_absent(call, e, "Room not found") : answer(&affected, dry_run);
}

json_t *evacuate_user(struct call *call)
{
    const char *localpart = call_local_user(call, call->parameters[0], false, API_INVALID_PARAM,
                                            "Can only evacuate a local user");
    struct id_list affected;
    bool dry_run;
    enum err e;

    if (!localpart || !read_dry_run(call, &dry_run))
        return NULL;
    e = homeserver_evacuate_user(&call->homeserver, localpart, dry_run, call->arena, &affected);
    return e ? call_fail_absent(call, e, "User not found") : answer(&affected, dry_run);
}
