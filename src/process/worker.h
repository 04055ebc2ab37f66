/* SPDX-License-Identifier: ISC */
/*
 * A worker: one process, one request at a time, many connections. It waits on all of them, on the listening
 * socket and on the pool's handoff at once, and attends to whichever has something to do; so an idle
 * connection that a web server keeps open never keeps a new one waiting.
 */
#ifndef PROCESS_WORKER_H
#define PROCESS_WORKER_H

#include "base/config.h"
#include "process/handoff.h"
#include "process/scoreboard.h"

/* Signals to a worker. */
#define WORKER_STOP   SIGTERM /* answer what has arrived, and end */
#define WORKER_RETIRE SIGUSR1 /* hand the connections to other workers, and end */

struct worker_place {
    int listener; /* non-blocking */
    struct handoff handoff;
    struct scoreboard *board;
    int row;
};

/* Serves until told to end; returns the exit status: 0 unless it could not start. */
int worker_run(const struct config *config, const struct worker_place *place);

/* One worker without a supervisor, on descriptor 0 (spawn-fcgi, mod_fcgid): reads the configuration and
 * serves. */
int worker_main(const char *config_path);

#endif
