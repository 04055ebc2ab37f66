/* SPDX-License-Identifier: ISC */
/* mxadmin room purge-history: what the request of this name has a job do, to its end. */
#include <inttypes.h>
#include <stdio.h>

#include "command/console.h"
#include "command/context.h"
#include "command/room.h"
#include "homeserver/jobs.h"
#include "store/history.h"

static const struct context_words words[] = {
    {ERR_NOT_FOUND, "there is no such room, or nothing in it before that time"},
    {ERR_OK, NULL},
};

static enum err purge(struct context *context, int64_t before_ts, struct history_purge *purge)
{
    struct history_point point;
    enum err e = jobs_can_purge_history(&context->homeserver);

    if (!e)
        e = history_find_before(context->db, purge->room_id, before_ts, context->arena, &point);
    if (e)
        return e;
    purge->depth = point.depth;
    while (!e && !purge->done)
        e = homeserver_purge_history(&context->homeserver, purge, context->arena);
    return e;
}

int command_room_purge_history(const struct invocation *invocation)
{
    struct history_purge history = {
        .room_id = invocation->operand,
        .local_too = invocation->given[OPTION_LOCAL],
        .dry_run = invocation->given[OPTION_DRY_RUN],
        .cursor = "",
    };
    struct context context;
    int64_t before_ts = 0;
    int code = COMMAND_FAILED;
    enum err e;

    if (!invocation->given[OPTION_BEFORE]) {
        console_error(invocation, "--before says how old");
        return COMMAND_USAGE;
    }
    if (!console_moment(invocation, OPTION_BEFORE, &before_ts))
        return COMMAND_USAGE;
    e = context_open(&context, invocation);
    if (e)
        goto out;
    e = purge(&context, before_ts, &history);
    if (e) {
        context_failed(&context, words, e);
        goto out;
    }
    printf("%" PRId64 " events %s\n", history.removed, history.dry_run ? "would be removed" : "removed");
    code = console_finish(invocation);
out:
    context_close(&context);
    return code;
}
