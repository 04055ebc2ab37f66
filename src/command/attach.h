/* SPDX-License-Identifier: ISC */
#ifndef COMMAND_ATTACH_H
#define COMMAND_ATTACH_H

#include "command/command.h"

/* Takes the next step, or says which the operator's is, to have mxadmin beside a running Dendrite. */
int command_attach(const struct invocation *invocation);

#endif
