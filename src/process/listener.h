/* SPDX-License-Identifier: ISC */
/* The socket that the web server connects to. */
#ifndef PROCESS_LISTENER_H
#define PROCESS_LISTENER_H

#include "base/config.h"
#include "base/err.h"

struct listener {
    int fd;         /* listening, non-blocking, close-on-exec */
    char path[108]; /* of a Unix socket that is ours to remove (unix(7) bounds it); "": none */
};

/*
 * Opens what `config->listen` says: "unix:/path" with owner, group and mode, "address:port",
 * "[address]:port", or "systemd": the first descriptor that systemd passed (sd_listen_fds(3)). A dead Unix
 * socket in the way is removed, a live one is ERR_EXISTS. Errors, each logged: ERR_IO, ERR_INVALID,
 * ERR_EXISTS.
 */
MUST_CHECK enum err listener_open(const struct config *config, struct listener *listener);

/*
 * Makes sure that nobody can connect any more: removes the path of a Unix socket. What has connected already
 * stays in the queue, to be accepted and answered.
 */
void listener_unlink(struct listener *listener);

#endif
