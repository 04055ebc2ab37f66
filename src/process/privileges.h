/* SPDX-License-Identifier: ISC */
#ifndef PROCESS_PRIVILEGES_H
#define PROCESS_PRIVILEGES_H

#include "base/config.h"
#include "base/err.h"

/*
 * Becomes `config->user` and `config->group` (default: the user's own group) for good, when started as root
 * and a user is named; otherwise nothing happens. Errors, each logged: ERR_INVALID (no such user or group),
 * ERR_IO.
 */
MUST_CHECK enum err privileges_drop(const struct config *config);

#endif
