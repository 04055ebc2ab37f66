/* SPDX-License-Identifier: ISC */
/* What the tests of `mxadmin check` share: check.c has those of every installation, check_beside.c those of
 * one beside a Dendrite. */
#ifndef COMMAND_CHECK_TEST_H
#define COMMAND_CHECK_TEST_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/config.h"
#include "command/command.h"
#include "store/db.h"

#define CHECK_LINE_SIZE 1024

enum check_level { LEVEL_OK, LEVEL_WARNING, LEVEL_ERROR, LEVEL__MAX };

struct check {
    const struct invocation *invocation;
    const struct config *config; /* NULL: it cannot be read */
    struct stat file;            /* the configuration's */
    bool as_root;                /* root started the command, and so, it is taken, starts the service */
    const char *subject;         /* what is being tested */
    enum check_level worst;
    struct db *db;  /* beside a Dendrite with its files; NULL: ours cannot be used */
    bool readable;  /* Dendrite's files can be read beside it now */
    bool reachable; /* Dendrite knows our application service */
    bool account;   /* and we have an account there */
};

/* Prints a line of the test that runs. Each says what to do, if that is not nothing. */
void check_report(struct check *check, enum check_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether everybody can write the file, or read one that holds a secret; says so. */
bool check_is_open(struct check *check, const char *path, const struct stat *status, bool secret);

/* In check_media.c: whether media can be deleted. */
void check_media(struct check *check);

/* Tests beside a Dendrite, in their order: some need what those before have found. */
void check_files(struct check *check);
void check_schema(struct check *check);
void check_journal_mode(struct check *check);
void check_service(struct check *check);
void check_account(struct check *check);
void check_homeserver(struct check *check);
void check_notices(struct check *check);

#endif
