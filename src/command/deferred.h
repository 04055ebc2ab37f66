/* SPDX-License-Identifier: ISC */
/* Changes that wait for Dendrite to be down: `mxadmin apply`, `mxadmin deferred list`, `… cancel ID`. */
#ifndef COMMAND_DEFERRED_H
#define COMMAND_DEFERRED_H

#include "command/command.h"

int command_apply(const struct invocation *invocation);
int command_deferred_list(const struct invocation *invocation);
int command_deferred_cancel(const struct invocation *invocation);

#endif
