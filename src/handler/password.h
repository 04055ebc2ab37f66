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

/* What a client is told when the act is ERR_TOO_LARGE: a password within our bounds, and beyond bcrypt's. */
#define PASSWORD_BEYOND_BCRYPT "password too long: max 72 bytes, because this server hashes with bcrypt"

/* False after the answer has become an error. */
MUST_CHECK bool new_password_decode(struct call *call, struct new_password *new_password);

#endif
