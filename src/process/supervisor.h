/* SPDX-License-Identifier: ISC */
/*
 * `mxadmin serve`: opens the socket, starts the workers and one job runner, and keeps them running.
 *
 * - A worker has died: it is replaced at once; later and later if it keeps dying before its first answer.
 * - SIGHUP: the configuration is read again; new workers start with it, and the old ones hand their
 *   connections to them; a bad file is reported, and the old one kept.
 * - SIGTERM, SIGINT: what has arrived is answered, for `stop_timeout` seconds at most, and the pool ends.
 */
#ifndef PROCESS_SUPERVISOR_H
#define PROCESS_SUPERVISOR_H

/* Returns the exit status: 0 after an orderly end, 1 if it could not start or had to kill a worker at the
 * end. */
int supervisor_main(const char *config_path);

#endif
