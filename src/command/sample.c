/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "base/config.h"
#include "command/console.h"
#include "command/sample.h"

int command_sample(const struct invocation *invocation)
{
    config_write_sample(stdout);
    return console_finish(invocation);
}
