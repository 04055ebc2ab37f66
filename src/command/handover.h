/* SPDX-License-Identifier: ISC */
/* `mxadmin handover --to FILE`: a standalone homeserver becomes Dendrite's, with mxadmin beside it. */
#ifndef COMMAND_HANDOVER_H
#define COMMAND_HANDOVER_H

#include "base/buf.h"
#include "base/config.h"
#include "command/command.h"

int command_handover(const struct invocation *invocation);

/* Appends the lines of dendrite.yaml that say what the standalone `config` said; there is a secret in them.
 */
void handover_lines(const struct config *config, struct buf *lines);

#endif
