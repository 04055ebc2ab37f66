/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/console.h"
#include "command/context.h"
#include "command/populate.h"

#define NUMBER_MAX      10000000
#define BAR_WIDTH       40
#define BAR_EVERY_MS    100
#define USERS_DEFAULT   1000
#define ROOMS_DEFAULT   100
#define MEMBERS_DEFAULT 200
#define SEED_DEFAULT    1

/* The bar that is being drawn. */
struct bar {
    bool shown; /* on a terminal only */
    int64_t next_ms;
};

static void draw(void *context, int64_t done, int64_t total)
{
    struct bar *bar = context;
    int64_t now = clock_monotonic_ms();
    int filled = total > 0 ? (int)(done * BAR_WIDTH / total) : BAR_WIDTH;

    if (!bar->shown || (now < bar->next_ms && done < total))
        return;
    bar->next_ms = now + BAR_EVERY_MS;
    fprintf(stderr, "\r[%-*.*s] %lld of %lld%s", BAR_WIDTH, filled,
            "========================================", (long long)done, (long long)total,
            done == total ? "\n" : "");
}

int command_populate(const struct invocation *invocation)
{
    struct bar bar = {.shown = isatty(STDERR_FILENO)};
    struct population population = {
        .users = USERS_DEFAULT,
        .rooms = ROOMS_DEFAULT,
        .members = MEMBERS_DEFAULT,
        .seed = SEED_DEFAULT,
        .progress = draw,
        .context = &bar,
    };
    struct context context;
    int code = COMMAND_FAILED;
    enum err e;

    if (!console_number(invocation, OPTION_USERS, NUMBER_MAX, &population.users) ||
        !console_number(invocation, OPTION_ROOMS, NUMBER_MAX, &population.rooms) ||
        !console_number(invocation, OPTION_MEMBERS, NUMBER_MAX, &population.members) ||
        !console_number(invocation, OPTION_SEED, NUMBER_MAX, &population.seed))
        return COMMAND_USAGE;
    if (population.rooms > 0 && population.users == 0) {
        console_error(invocation, "there can be no rooms without users");
        return COMMAND_USAGE;
    }
    e = context_open(&context, invocation);
    if (!e) {
        context.result = e = homeserver_populate(&context.homeserver, &population);
        if (e)
            console_error(invocation, "%s", err_text(e));
        else
            code = COMMAND_OK;
    }
    context_close(&context);
    return code;
}
