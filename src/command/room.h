/* SPDX-License-Identifier: ISC */
/* Rooms from the command line. */
#ifndef COMMAND_ROOM_H
#define COMMAND_ROOM_H

#include "command/command.h"
#include "command/context.h"

int command_room_create(const struct invocation *invocation);
int command_room_list(const struct invocation *invocation);
int command_room_show(const struct invocation *invocation);
int command_room_join(const struct invocation *invocation);
int command_room_leave(const struct invocation *invocation);
int command_room_purge_empty(const struct invocation *invocation);   /* room_purge.c */
int command_room_purge_history(const struct invocation *invocation); /* room_history.c */
int command_room_make_admin(const struct invocation *invocation);    /* room_acts.c */
int command_room_extremities(const struct invocation *invocation);   /* likewise */

/* The room of an id or of an alias; it lives in the context's arena, or is `text`. NULL after saying that
 * there is no such alias. */
const char *command_room_named(struct context *context, const char *text);

#endif
