/* SPDX-License-Identifier: ISC */
#ifndef ROUTE_AUTHORIZE_H
#define ROUTE_AUTHORIZE_H

#include <stdbool.h>

#include "route/route.h"

/*
 * Finds out who calls, from the access token, into call->caller, and whether the route lets them in. False
 * after the answer has become 401 or 403, or what the database says when it fails: never 401 then, which
 * would make a client throw its token away.
 */
MUST_CHECK bool authorize(struct call *call, const struct route *route);

#endif
