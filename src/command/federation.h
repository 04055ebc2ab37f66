/* SPDX-License-Identifier: ISC */
/* mxadmin federation: the servers that a Dendrite sends to. */
#ifndef COMMAND_FEDERATION_H
#define COMMAND_FEDERATION_H

#include "command/command.h"

int command_federation_list(const struct invocation *invocation);
int command_federation_reset(const struct invocation *invocation);

#endif
