/* SPDX-License-Identifier: ISC */
#ifndef COMMAND_POPULATE_H
#define COMMAND_POPULATE_H

#include "command/command.h"

/* Makes up users and rooms to try things out on. */
int command_populate(const struct invocation *invocation);

#endif
