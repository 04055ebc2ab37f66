/* SPDX-License-Identifier: ISC */
/*
 * A job runner: one process that does the jobs which are due, a batch of each in turn. One is enough; several
 * at once share them.
 */
#ifndef PROCESS_RUNNER_H
#define PROCESS_RUNNER_H

#include "base/config.h"

/* Does jobs until WORKER_STOP or WORKER_RETIRE; returns the exit status: 0 unless it could not start. */
int runner_run(const struct config *config);

/*
 * `mxadmin work`: a runner without a supervisor, for pools that have none. SIGTERM and SIGINT end it after
 * the batch that is running, SIGHUP reads the configuration again. Returns the exit status.
 */
int runner_main(const char *config_path);

#endif
