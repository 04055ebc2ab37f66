/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "command/registration.h"
#include "crypto/random.h"

/* The user of the service itself, of whom nothing is asked; nobody can register a name that begins so. */
#define SENDER "_mxadmin"

/* Writes a server name as a regular expression: a host has no other special characters. */
static void write_pattern(FILE *file, const char *server_name)
{
    for (const char *c = server_name; *c; c++)
        fprintf(file, strchr(".[]", *c) ? "\\%c" : "%c", *c);
}

static void write_text(FILE *file, const char *as_token, const char *hs_token, const char *server_name)
{
    fprintf(file,
            "# mxadmin, as an application service of this Dendrite. It may act for every local user.\n"
            "# Who has the tokens can do the same.\n"
            "id: mxadmin\n"
            "url: \"\"\n"
            "as_token: \"%s\"\n"
            "hs_token: \"%s\"\n"
            "sender_localpart: " SENDER "\n"
            "rate_limited: false\n"
            "namespaces:\n"
            "  users:\n"
            "    - exclusive: false\n"
            "      regex: '@.*:",
            as_token, hs_token);
    write_pattern(file, server_name);
    fputs("'\n"
          "  aliases: []\n"
          "  rooms: []\n",
          file);
}

/* Whether a file is for its group, but not for all, to read. */
static bool is_of_group(const struct stat *file)
{
    return (file->st_mode & S_IRGRP) && !(file->st_mode & S_IROTH);
}

/*
 * Whom the file is to be like: the configuration, but where everybody reads that, its owner need not be
 * Dendrite's user, who is that of the database.
 */
static bool find_model(const char *beside, const char *database, struct stat *model)
{
    struct stat file;

    if (stat(beside, model) < 0)
        return false;
    if (!is_of_group(model) && stat(database, &file) == 0)
        model->st_uid = file.st_uid;
    return true;
}

/* Lets Dendrite read the file. */
static bool share(int fd, const struct stat *model)
{
    const bool by_group = is_of_group(model);
    const uid_t owner = geteuid() == 0 ? model->st_uid : (uid_t)-1;

    if (fchmod(fd, by_group ? 0640 : 0600) < 0)
        return false;
    return fchown(fd, owner, model->st_gid) == 0 || (errno == EPERM && !by_group);
}

/* Fills the new file, and closes it. */
static enum err fill(int fd, const struct stat *model, const char *server_name)
{
    char as_token[RANDOM_TOKEN_SIZE], hs_token[RANDOM_TOKEN_SIZE];
    FILE *file = fdopen(fd, "w");
    enum err e = random_token(as_token);
    bool failed;

    if (!e)
        e = random_token(hs_token);
    if (!file) {
        close(fd);
        return ERR_NOMEM;
    }
    if (!e)
        write_text(file, as_token, hs_token, server_name);
    failed = fflush(file) != 0 || fsync(fd) < 0 || !share(fd, model);
    failed = fclose(file) != 0 || failed;
    explicit_bzero(as_token, sizeof as_token);
    explicit_bzero(hs_token, sizeof hs_token);
    return e ? e : failed ? (errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO) : ERR_OK;
}

enum err registration_write(const char *path, const char *beside, const char *database,
                            const char *server_name)
{
    struct stat model;
    int fd =
        find_model(beside, database, &model) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    enum err e;

    if (fd < 0 && errno == EEXIST)
        return ERR_EXISTS;
    e = fd < 0 ? ERR_IO : fill(fd, &model, server_name);
    if (e)
        log_error("%s: cannot be written: %s", path, strerror(errno));
    if (e && fd >= 0)
        unlink(path);
    return e;
}
