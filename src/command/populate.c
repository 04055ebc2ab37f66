/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Reads the number of an option; false after saying what is wrong. An option that is not given keeps it. */
static bool read_number(const struct invocation *invocation, enum command_option option, const char *name,
                        int64_t *number)
{
    const char *text = invocation->value[option];
    long long value;
    char *end;

    if (!text)
        return true;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < 0 || value > NUMBER_MAX) {
        console_error(invocation, "--%s is not a number from 0 to %d", name, NUMBER_MAX);
        return false;
    }
    *number = value;
    return true;
}

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

    if (!read_number(invocation, OPTION_USERS, "users", &population.users) ||
        !read_number(invocation, OPTION_ROOMS, "rooms", &population.rooms) ||
        !read_number(invocation, OPTION_MEMBERS, "members", &population.members) ||
        !read_number(invocation, OPTION_SEED, "seed", &population.seed))
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
