/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include <jansson.h>

#include "crypto/random.h"
#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"
#include "homeserver/puppets.h"
#include "store/puppets.h"

static enum err note(struct homeserver *hs, const struct puppet *puppet)
{
    enum err e = db_begin(hs->db, DB_NOTE);

    return e ? e : db_end(hs->db, puppets_insert(hs->db, puppet));
}

static enum err forget(struct homeserver *hs, const char *localpart, const char *device_id)
{
    enum err e = db_begin(hs->db, DB_NOTE);

    return e ? e : db_end(hs->db, puppets_delete(hs->db, localpart, device_id));
}

/* Plans the end. */
static enum err plan(struct homeserver *hs, const struct puppet *puppet, char job_id[JOBS_ID_SIZE])
{
    struct homeserver quiet = *hs; /* the session is what the audit tells of */
    json_t *parameters = json_pack("{s:s}", "localpart", puppet->localpart);
    char *text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;
    const struct job_request request = {.kind = JOB_END_SESSION,
                                        .target = puppet->device_id,
                                        .parameters = text,
                                        .due_ts = puppet->valid_until_ts};
    enum err e = text ? ERR_OK : ERR_NOMEM;

    quiet.audit = NULL;
    if (!e && puppet->valid_until_ts > 0)
        e = jobs_start(&quiet, &request, job_id);
    free(text);
    json_decref(parameters);
    return e;
}

/* What was planned for a session that did not begin; a job that stays finds nothing to end. */
static void give_up(struct homeserver *hs, const struct puppet *puppet, const char *job_id)
{
    if (*job_id)
        (void)!jobs_stop(hs, job_id);
    (void)!forget(hs, puppet->localpart, puppet->device_id);
}

/* The end is planned before the beginning, so that no session is left whose end nobody knows of. */
enum err puppets_begin(struct homeserver *hs, const char *localpart, int64_t valid_until_ts,
                       struct arena *arena, struct session *session)
{
    char device_id[RANDOM_DEVICE_SIZE], job_id[JOBS_ID_SIZE] = "";
    struct puppet puppet = {.localpart = localpart,
                            .device_id = device_id,
                            .admin = hs->actor->localpart,
                            .valid_until_ts = valid_until_ts};
    struct client client = {.device_id = device_id, .address = "", .user_agent = "mxadmin"};
    enum err e = random_device_id(device_id);

    if (e)
        return e;
    client.display_name =
        arena_printf(arena, "mxadmin, for @%s:%s", hs->actor->localpart, hs->config->server_name);
    e = client.display_name ? note(hs, &puppet) : ERR_NOMEM;
    if (!e)
        e = plan(hs, &puppet, job_id);
    if (!e)
        e = homeserver_begin_session(hs, localpart, &client, arena, session);
    if (e && e != ERR_GATEWAY) /* then it may have begun, and is to end */
        give_up(hs, &puppet, job_id);
    return e;
}

/* One that somebody else has ended is only forgotten. */
static enum err end(struct homeserver *hs, const char *localpart, const char *device_id)
{
    enum err e = homeserver_end_session(hs, localpart, device_id);

    return e && e != ERR_NOT_FOUND ? e : forget(hs, localpart, device_id);
}

enum err puppets_end(struct homeserver *hs, const char *admin)
{
    struct arena *arena = arena_new();
    struct puppet *puppets = NULL;
    size_t count = 0;
    enum err e = arena ? puppets_of(hs->db, admin, arena, &puppets, &count) : ERR_NOMEM;

    for (size_t i = 0; !e && i < count; i++)
        e = end(hs, puppets[i].localpart, puppets[i].device_id);
    arena_free(&arena);
    return e;
}

/* The target is a device id; whose it is stands in the parameters. */
enum err job_end_session(struct homeserver *hs, struct job *job, struct arena *arena)
{
    json_t *parameters = json_loads(job->parameters, 0, NULL);
    const char *localpart = json_string_value(json_object_get(parameters, "localpart"));
    enum err e = localpart ? end(hs, localpart, job->target) : ERR_INVALID;

    (void)arena;
    json_decref(parameters);
    job->total = 1;
    if (!e) {
        job->done = 1;
        job->status = JOB_COMPLETE;
    }
    return e;
}
