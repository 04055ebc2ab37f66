/* SPDX-License-Identifier: ISC */
/* Accounts from the command line. The operand is a localpart, or the full ID of a local user. */
#ifndef COMMAND_ACCOUNT_H
#define COMMAND_ACCOUNT_H

#include "command/command.h"

int command_account_create(const struct invocation *invocation);
int command_account_password(const struct invocation *invocation);
int command_account_promote(const struct invocation *invocation);
int command_account_demote(const struct invocation *invocation);
int command_account_deactivate(const struct invocation *invocation);
int command_account_list(const struct invocation *invocation);
int command_account_token(const struct invocation *invocation);

#endif
