/* SPDX-License-Identifier: ISC */
#ifndef COMMAND_SAMPLE_H
#define COMMAND_SAMPLE_H

#include "command/command.h"

/* Writes the commented sample configuration to stdout. */
int command_sample(const struct invocation *invocation);

#endif
