/* SPDX-License-Identifier: ISC */
#include "command/console.h"
#include "command/context.h"
#include "command/populate.h"

#define NUMBER_MAX      10000000
#define USERS_DEFAULT   1000
#define ROOMS_DEFAULT   100
#define MEMBERS_DEFAULT 200
#define SEED_DEFAULT    1

static void draw(void *context, int64_t done, int64_t total)
{
    console_bar_draw(context, done, total);
}

int command_populate(const struct invocation *invocation)
{
    struct console_bar bar = console_bar();
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
