/* SPDX-License-Identifier: ISC */
/* The deletion of media that has grown old: of this server by age and size, and of others from the cache. */
#include <string.h>

#include "handler/handlers.h"
#include "handler/media.h"
#include "handler/parameters.h"
#include "homeserver/media_purge.h"

/* Whoever gives a time in seconds means no media of 1970. Synapse takes no time before this one. */
#define BEFORE_TS_MIN 30000000000
#define YEAR_1970                                                                                            \
    "Query parameter before_ts you provided is from the year 1970. Double check that you are providing a "   \
    "timestamp in milliseconds."

static bool is_recent(struct call *call, const struct media_wish *wish)
{
    if (wish->before_ts >= BEFORE_TS_MIN)
        return true;
    call_fail(call, API_INVALID_PARAM, YEAR_1970);
    return false;
}

/* Deletes what `purge` says; what is not done in time is done by the job whose id is in `*deleted`. */
static bool delete_old(struct call *call, const struct media_purge *purge, struct id_list *deleted)
{
    enum err e = media_purge_run(&call->homeserver, purge, call->arena, deleted);

    if (e)
        call_fail_err(call, e);
    return !e;
}

/* Synapse's path for it, and an older one that names the server, which can only be this one. */
static json_t *delete_local(struct call *call, const char *server)
{
    struct media_purge purge = {.keep_avatars = true};
    struct media_wish *wish = &purge.wish;
    struct id_list deleted;

    if (!parameter_required_integer(call, "before_ts", &wish->before_ts) ||
        !parameter_integer(call, "size_gt", &wish->larger_than) ||
        !parameter_boolean(call, "keep_profiles", &purge.keep_avatars) || !is_recent(call, wish))
        return NULL;
    if (strcmp(server, call->app->config->server_name) != 0)
        return call_fail(call, API_BAD_REQUEST, "Can only delete local media");
    return delete_old(call, &purge, &deleted) ? media_deleted(&deleted) : NULL;
}

json_t *media_delete_old(struct call *call)
{
    return delete_local(call, call->app->config->server_name);
}

json_t *media_delete_old_of_server(struct call *call)
{
    return delete_local(call, call->parameters[0]);
}

json_t *media_purge_cache(struct call *call)
{
    struct media_purge purge = {.wish = {.remote = true, .larger_than = -1}};
    struct id_list deleted;

    if (!parameter_required_integer(call, "before_ts", &purge.wish.before_ts) ||
        !is_recent(call, &purge.wish) || !delete_old(call, &purge, &deleted))
        return NULL;
    return json_pack("{s:I, s:s*}", "deleted", (json_int_t)deleted.count, "job_id", deleted.job_id);
}
