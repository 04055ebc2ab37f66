/* SPDX-License-Identifier: ISC */
/* mxadmin policy: what the configuration has done once a day, at once, or what that would do. */
#ifndef COMMAND_POLICY_H
#define COMMAND_POLICY_H

#include "command/command.h"

int command_policy(const struct invocation *invocation);

#endif
