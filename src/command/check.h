/* SPDX-License-Identifier: ISC */
#ifndef COMMAND_CHECK_H
#define COMMAND_CHECK_H

#include "command/command.h"

/* Tests the configuration and all that it names; returns COMMAND_FAILED when there is an error. */
int command_check(const struct invocation *invocation);

#endif
