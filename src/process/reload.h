/* SPDX-License-Identifier: ISC */
#ifndef PROCESS_RELOAD_H
#define PROCESS_RELOAD_H

#include "base/config.h"
#include "base/err.h"

/*
 * Reads the configuration again while serving, and tries what it names, so that a bad file takes nothing
 * down. What is wrong with it goes where all else is logged. systemd is told that this begins; the caller
 * tells it that it is over. Errors: those of config_read() and app_open(); then the old configuration is to
 * stay.
 */
MUST_CHECK enum err reload_config(const char *path, struct config **config);

#endif
