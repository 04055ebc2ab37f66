/* SPDX-License-Identifier: ISC */
#ifndef HANDLER_LOGIN_H
#define HANDLER_LOGIN_H

#include <stdbool.h>

#include "handler/call.h"

/* The body of POST /login with a password; texts are borrowed from call->json. */
struct login {
    const char *type;
    json_t *identifier; /* NULL: absent */
    const char *user;   /* a localpart or a user id, of whichever key it came */
    const char *password;
    const char *device_id; /* NULL: a new one is wanted */
    const char *device_display_name;
};

/* False after the answer has become an error. */
MUST_CHECK bool login_decode(struct call *call, struct login *login);

#endif
