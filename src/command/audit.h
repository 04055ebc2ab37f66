/* SPDX-License-Identifier: ISC */
/* mxadmin audit: who has changed what. Returns an exit code. */
#ifndef COMMAND_AUDIT_H
#define COMMAND_AUDIT_H

#include "command/command.h"

int command_audit(const struct invocation *invocation);

#endif
