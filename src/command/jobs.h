/* SPDX-License-Identifier: ISC */
/* The long acts from the command line. */
#ifndef COMMAND_JOBS_H
#define COMMAND_JOBS_H

#include "command/command.h"

int command_jobs_list(const struct invocation *invocation);
int command_jobs_show(const struct invocation *invocation);
int command_jobs_cancel(const struct invocation *invocation);

#endif
