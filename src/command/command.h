/* SPDX-License-Identifier: ISC */
/* The command line, `mxadmin [-c FILE] COMMAND …`. One table in command.c says what there is. */
#ifndef COMMAND_COMMAND_H
#define COMMAND_COMMAND_H

#include <stdbool.h>

#include "base/config.h"
#include "base/err.h"

/* Exit codes. */
enum { COMMAND_OK = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

/* What commands need from the layer above them; main() hands it in. */
struct command_host {
    int (*serve)(const char *config_path); /* runs the service and returns its exit code */
    int (*work)(const char *config_path);  /* the same, with the job runner alone */

    /* Becomes the user that the service runs as, when root runs the command. Errors are logged. */
    enum err (*drop_privileges)(const struct config *config);
};

/* Options that some commands take; their names and texts are in command.c. */
enum command_option {
    OPTION_ADMIN,
    OPTION_DISPLAY_NAME,
    OPTION_NO_PASSWORD,
    OPTION_LOGOUT_DEVICES,
    OPTION_JSON,
    OPTION_STRICT,
    OPTION_NAME,
    OPTION_TOPIC,
    OPTION_PUBLIC,
    OPTION_USER,
    OPTION_USERS,
    OPTION_ROOMS,
    OPTION_MEMBERS,
    OPTION_SEED,
    OPTION_DRY_RUN,
    OPTION_BY,
    OPTION_TARGET,
    OPTION_ROUTE,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_LIMIT,
    OPTION_CONFIG, /* of a command that has it: Dendrite's configuration; of any other: ours */
    OPTION_TO,
    OPTION_URL,
    OPTION_STATUS,
    OPTION_KIND,
    OPTION_BEFORE,
    OPTION_LARGER,
    OPTION_REMOTE,
    OPTION_AVATARS,
    OPTION_ONLY,
    OPTION_DAYS,
    OPTION_LOCAL,
    OPTION_INVITED_BY,
    OPTION_MERGE,
    OPTION__MAX
};

/* A command line that has been checked against the command's row. All texts are borrowed from argv. */
struct invocation {
    const struct command_host *host;
    const char *command; /* "init", "account create": for messages */
    const char *config_path;
    const char *operand; /* NULL where the command takes none */
    bool given[OPTION__MAX];
    const char *value[OPTION__MAX]; /* NULL: not given, or an option without a value */
};

/* The option without its "--". */
const char *command_option_name(enum command_option option);

/* Runs the command of the command line and returns the exit code. */
int command_main(int argc, char **argv, const struct command_host *host);

/* The configuration file when no option names one: $MXADMIN_CONFIG, else /etc/mxadmin/mxadmin.yaml. */
const char *command_config_path(void);

#endif
