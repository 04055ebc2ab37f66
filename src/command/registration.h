/* SPDX-License-Identifier: ISC */
/* The file that makes mxadmin an application service of a Dendrite (Application Service API, "Registration").
 */
#ifndef COMMAND_REGISTRATION_H
#define COMMAND_REGISTRATION_H

#include "base/err.h"

/*
 * Writes the file `path`, with fresh tokens, for the server of that name. It is as much for Dendrite to read
 * as Dendrite's configuration, `beside`, of the same group. Its mode is 640 where the configuration itself is
 * for its group, but not for all, to read; and otherwise 600, and where root writes it, its owner is that of
 * `database`, a file of Dendrite's, if it is there. Errors, each logged but the first: ERR_EXISTS (nothing is
 * changed), ERR_IO, ERR_FULL.
 */
MUST_CHECK enum err registration_write(const char *path, const char *beside, const char *database,
                                       const char *server_name);

#endif
