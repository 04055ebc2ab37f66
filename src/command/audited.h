/* SPDX-License-Identifier: ISC */
/* What the audit is told of a command. */
#ifndef COMMAND_AUDITED_H
#define COMMAND_AUDITED_H

#include <sys/types.h>

#include "command/context.h"

/* From here on the command leaves a row if it changes something; `uid` is who runs it. */
void context_audit_begin(struct context *context, uid_t uid);

/* The command has done what it does, with the result context->result. Nothing happens if it never began. */
void context_audit_end(struct context *context);

#endif
