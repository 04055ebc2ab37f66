/* SPDX-License-Identifier: ISC */
#ifndef COMMAND_INIT_H
#define COMMAND_INIT_H

#include "command/command.h"

/* Makes the database and the signing key where they are absent, and touches nothing that is there. */
int command_init(const struct invocation *invocation);

#endif
