/* SPDX-License-Identifier: ISC */
/* mxadmin room purge-empty: what the policy of the same name does, for a number of days that is given. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "command/console.h"
#include "command/context.h"
#include "command/listing.h"
#include "command/room.h"
#include "homeserver/policies.h"
#include "matrix/id.h"

#define DAY_MS   ((int64_t)24 * 3600 * 1000)
#define DAYS_MAX 36500

static enum err add_id(const struct found *found, void *list)
{
    const char **id = list_add(list);

    if (!id)
        return ERR_NOMEM;
    *id = arena_strdup(((struct list *)list)->arena, found->id);
    return *id ? ERR_OK : ERR_NOMEM;
}

static enum err report(struct listing *listing, const struct job_item *item)
{
    char safe[2 * ID_SIZE];

    if (listing->array)
        return json_array_append_new(listing->array,
                                     json_pack("{s:s, s:s?, s:s?}", "room_id", item->item, "outcome",
                                               item->outcome, "error", item->detail)) < 0
                   ? ERR_NOMEM
                   : ERR_OK;
    console_safe(item->item, safe, sizeof safe);
    printf("%s", safe);
    if (item->outcome)
        printf("  %s", item->outcome);
    if (item->detail) {
        console_safe(item->detail, safe, sizeof safe);
        printf(": %s", safe);
    }
    putchar('\n');
    return ERR_OK;
}

/* With `dry_run` a room has no outcome. */
static enum err purge(const struct policy *policy, struct walk *walk, const struct list *rooms, bool dry_run,
                      struct listing *listing)
{
    const char *const *ids = rooms->items;
    struct console_bar bar = console_bar();
    enum err e = ERR_OK;

    for (size_t i = 0; !e && i < rooms->count; i++) {
        struct job_item item = {.item = ids[i]};

        if (!dry_run)
            e = policy->walk.act(walk, &item, 1);
        if (!e && !dry_run)
            console_bar_draw(&bar, (int64_t)i + 1, (int64_t)rooms->count);
        if (!e)
            e = report(listing, &item);
    }
    return e;
}

/* Days as the option, or the configuration, says; false after saying what is wrong. */
static bool read_days(const struct context *context, int64_t *days)
{
    *days = context->config->policies.empty_room_days;
    if (!console_number(context->invocation, OPTION_DAYS, DAYS_MAX, days))
        return false;
    if (*days > 0)
        return true;
    console_error(context->invocation, "--days says for how long they have to be empty, at least 1");
    return false;
}

static enum err purge_all(struct context *context, int64_t days, struct listing *listing)
{
    const struct policy *policy = policies_find(POLICY_EMPTY_ROOMS);
    struct list rooms = {.arena = context->arena, .item_size = sizeof(const char *)};
    struct walk walk = {
        .hs = &context->homeserver, .arena = context->arena, .before_ts = clock_now_ms() - days * DAY_MS};
    enum err e = policy ? walk_foresee(&policy->walk, &walk, add_id, &rooms) : ERR_UNSUPPORTED;

    return e ? e : purge(policy, &walk, &rooms, context->invocation->given[OPTION_DRY_RUN], listing);
}

int command_room_purge_empty(const struct invocation *invocation)
{
    struct listing listing = {0};
    struct context context;
    int64_t days;
    int code = COMMAND_FAILED;
    enum err e = context_open(&context, invocation);

    if (e)
        goto out;
    if (!read_days(&context, &days)) {
        code = COMMAND_USAGE;
        goto out;
    }
    e = listing_begin(&listing, invocation);
    if (!e)
        e = purge_all(&context, days, &listing);
    context.result = e;
    if (e && context.homeserver.reason)
        console_error(invocation, "%s", context.homeserver.reason);
    code = listing_end(&listing, invocation, e);
out:
    context_close(&context);
    return code;
}
