/* SPDX-License-Identifier: ISC */
#ifndef HANDLER_PASSWORD_H
#define HANDLER_PASSWORD_H

#include <stdbool.h>

#include "handler/call.h"

/* The body of POST /_dendrite/admin/resetPassword; the text is borrowed from call->json. */
struct new_password {
    const char *password;
    bool logout_devices;
};

/* False after the answer has become an error. */
MUST_CHECK bool new_password_decode(struct call *call, struct new_password *new_password);

#endif
