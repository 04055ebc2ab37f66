/* SPDX-License-Identifier: ISC */
/* The events of a room before a point of its history. */
#include <stdlib.h>

#include "homeserver/job_kinds.h"
#include "homeserver/jobs.h"

#define NOT_HERE                                                                                             \
    "Dendrite has no way to purge the history of a room, and its database is not changed while it runs"

enum err jobs_can_purge_history(struct homeserver *hs)
{
    if (hs->acts->purge_history)
        return ERR_OK;
    homeserver_reason(hs, NOT_HERE);
    return ERR_UNSUPPORTED;
}

enum err job_purge_history(struct homeserver *hs, struct job *job, struct arena *arena)
{
    json_t *parameters = json_loads(job->parameters, 0, NULL);
    struct history_purge purge = {
        .room_id = json_string_value(json_object_get(parameters, "room_id")),
        .depth = json_integer_value(json_object_get(parameters, "depth")),
        .local_too = json_is_true(json_object_get(parameters, "delete_local_events")),
        .cursor = job->cursor,
        .removed = job->done,
    };
    enum err e = purge.room_id ? homeserver_purge_history(hs, &purge, arena) : ERR_NOMEM;

    job->done = purge.removed;
    job->cursor = purge.cursor;
    if (!e && purge.done)
        job->status = JOB_COMPLETE;
    json_decref(parameters);
    return e;
}

static enum err start(struct homeserver *hs, const struct history_point *before, bool local_too,
                      struct arena *arena, char id[JOBS_ID_SIZE])
{
    json_t *parameters =
        json_pack("{s:s, s:s, s:I, s:b}", "room_id", before->room_id, "event_id", before->event_id, "depth",
                  (json_int_t)before->depth, "delete_local_events", local_too);
    char *text = parameters ? json_dumps(parameters, JSON_COMPACT) : NULL;
    /* One by one, and each once: neither the id of a room nor that of an event has a space in it. */
    const struct job_request request = {
        .kind = JOB_PURGE_HISTORY,
        .target = arena_printf(arena, "%s %s%s", before->room_id, before->event_id,
                               local_too ? " and what is local" : ""),
        .parameters = text,
    };
    enum err e = text && request.target ? jobs_start(hs, &request, id) : ERR_NOMEM;

    free(text);
    json_decref(parameters);
    return e == ERR_EXISTS ? ERR_OK : e;
}

enum err jobs_purge_history(struct homeserver *hs, const struct history_point *before, bool local_too,
                            char id[JOBS_ID_SIZE])
{
    struct arena *arena = arena_new();
    enum err e = arena ? jobs_can_purge_history(hs) : ERR_NOMEM;

    if (!e)
        e = start(hs, before, local_too, arena, id);
    arena_free(&arena);
    return e;
}
