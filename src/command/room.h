/* SPDX-License-Identifier: ISC */
/* Rooms from the command line. */
#ifndef COMMAND_ROOM_H
#define COMMAND_ROOM_H

#include "command/command.h"

int command_room_create(const struct invocation *invocation);
int command_room_list(const struct invocation *invocation);
int command_room_show(const struct invocation *invocation);
int command_room_join(const struct invocation *invocation);
int command_room_leave(const struct invocation *invocation);
int command_room_purge_empty(const struct invocation *invocation);   /* room_purge.c */
int command_room_purge_history(const struct invocation *invocation); /* room_history.c */

#endif
