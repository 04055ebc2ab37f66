/* SPDX-License-Identifier: ISC */
#ifndef HANDLER_USERNAME_H
#define HANDLER_USERNAME_H

#include <stdbool.h>

#include "handler/call.h"

/* Whether a new account may have this name; false after the answer has become 400 M_INVALID_USERNAME. */
MUST_CHECK bool username_allowed(struct call *call, const char *localpart);

#endif
