/* SPDX-License-Identifier: ISC */
#ifndef HANDLER_ROOM_NAME_H
#define HANDLER_ROOM_NAME_H

#include "handler/call.h"

/*
 * The room that a path parameter names, by its id or by an alias of this server, and which is the target of
 * the audit's row then. NULL after the answer has become an error: 404 for an alias that leads nowhere, 400
 * M_UNKNOWN for what is neither.
 */
const char *call_room(struct call *call, const char *text);

#endif
