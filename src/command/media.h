/* SPDX-License-Identifier: ISC */
/* mxadmin media: what is in the media store. */
#ifndef COMMAND_MEDIA_H
#define COMMAND_MEDIA_H

#include "command/command.h"

int command_media_list(const struct invocation *invocation);
int command_media_purge(const struct invocation *invocation);
int command_media_check(const struct invocation *invocation);

#endif
