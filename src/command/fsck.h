/* SPDX-License-Identifier: ISC */
#ifndef COMMAND_FSCK_H
#define COMMAND_FSCK_H

#include "command/command.h"

/* Checks the whole database and says what is wrong with it; returns COMMAND_FAILED when something is. */
int command_fsck(const struct invocation *invocation);

#endif
