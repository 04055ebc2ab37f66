/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <libgen.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "command/check.h"
#include "command/console.h"
#include "command/context.h"
#include "crypto/ed25519.h"
#include "crypto/password.h"
#include "store/schema.h"

#define LINE_SIZE     1024
#define UNIX_PREFIX   "unix:"
#define MIB           (1024 * 1024)
#define SPACE_ERROR   (64 * MIB)   /* the write-ahead log alone can need as much */
#define SPACE_WARNING (1024 * MIB) /* time to act */
#define SLOW_HASH_MS  1000         /* what somebody who signs in is made to wait */

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_ERROR, LEVEL__MAX };

struct check {
    const struct invocation *invocation;
    const struct config *config; /* NULL: it cannot be read */
    struct stat file;            /* the configuration's */
    bool as_root;                /* root started the command, and so, it is taken, starts the service */
    const char *subject;         /* what is being tested */
    enum level worst;
};

static void report(struct check *check, enum level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints the line of a test; more than one a test are possible. */
static void report(struct check *check, enum level level, const char *format, ...)
{
    static const char *const names[LEVEL__MAX] = {"ok", "warning", "error"};
    char line[LINE_SIZE], safe[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    console_safe(line, safe, sizeof safe);
    printf("%-7s %s: %s\n", names[level], check->subject, safe);
    if (level > check->worst)
        check->worst = level;
}

/* The folder of `path`, in `buffer`. */
static const char *folder_of(const char *path, char buffer[LINE_SIZE])
{
    snprintf(buffer, LINE_SIZE, "%s", path);
    return dirname(buffer);
}

/* Whether everybody can read the file, which may hold the secret, or write it; says so. */
static bool is_open(struct check *check, const char *path, const struct stat *status, bool secret)
{
    if (status->st_mode & S_IWOTH)
        report(check, LEVEL_ERROR, "%s: everybody can write to it: chmod o-w %s", path, path);
    else if (secret && status->st_mode & S_IROTH)
        report(check, LEVEL_ERROR, "%s: holds a secret, and everybody can read it: chmod o-r %s", path, path);
    else
        return false;
    return true;
}

static void test_configuration(struct check *check)
{
    const struct config *config = check->config;
    const char *path = check->invocation->config_path;
    bool own_secret =
        config && *config->registration_shared_secret && !*config->registration_shared_secret_path;

    if (!config)
        report(check, LEVEL_ERROR, "%s: correct what is said above; nothing else was tested", path);
    else if (!is_open(check, path, &check->file, own_secret))
        report(check, LEVEL_OK, "%s, server name %s", path, config->server_name);
}

static void test_secret(struct check *check)
{
    const char *path = check->config->registration_shared_secret_path;
    struct stat status;

    if (!*check->config->registration_shared_secret)
        report(check, LEVEL_OK, "there is none, so registration with it is off");
    else if (!*path)
        report(check, LEVEL_OK, "it is in the configuration");
    else if (stat(path, &status) < 0)
        report(check, LEVEL_WARNING, "%s: %s", path, strerror(errno));
    else if (!is_open(check, path, &status, true))
        report(check, LEVEL_OK, "it is in %s", path);
}

/* Whether the folder of the socket lets it be made. */
static void test_socket_folder(struct check *check, const char *path)
{
    char buffer[LINE_SIZE];
    const char *folder = folder_of(path, buffer);
    bool passing = strncmp(folder, "/run/", strlen("/run/")) == 0;

    if (access(folder, W_OK | X_OK) == 0)
        report(check, LEVEL_OK, "%s: nobody serves on it now, and it can be made", check->config->listen);
    else if (errno == ENOENT && passing)
        report(check, LEVEL_WARNING,
               "%s does not exist: systemd makes it when it starts the service, otherwise make it", folder);
    else if (errno == EACCES && check->as_root)
        report(check, LEVEL_WARNING,
               "%s: only root can make a socket there: give the folder to %s, or start the service as root",
               folder, check->config->user);
    else
        report(check, LEVEL_ERROR, "%s: no socket can be made there: %s", folder, strerror(errno));
}

static void test_socket(struct check *check, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        report(check, LEVEL_ERROR, "%s: a socket's path has at most %zu bytes", check->config->listen,
               sizeof address.sun_path - 1);
        return;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        report(check, LEVEL_ERROR, "no socket: %s", strerror(errno));
    else if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN)
        report(check, LEVEL_OK, "%s: a service answers", check->config->listen);
    else if (errno == EACCES && access(path, F_OK) == 0)
        report(check, LEVEL_OK, "%s: is there, and not for this user to connect to", check->config->listen);
    else
        test_socket_folder(check, path);
    if (fd >= 0)
        close(fd);
}

static void test_listen(struct check *check)
{
    const struct config *config = check->config;

    if (*config->listen_owner && !getpwnam(config->listen_owner))
        report(check, LEVEL_ERROR, "listen_owner: there is no user %s", config->listen_owner);
    if (*config->listen_group && !getgrnam(config->listen_group))
        report(check, LEVEL_ERROR, "listen_group: there is no group %s", config->listen_group);
    if (strcmp(config->listen, "systemd") == 0)
        report(check, LEVEL_OK, "the socket comes from systemd, mxadmin.socket says which");
    else if (strncmp(config->listen, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
        test_socket(check, config->listen + strlen(UNIX_PREFIX));
    else
        report(check, LEVEL_OK, "%s: TCP; every local user can connect to it", config->listen);
}

/* What to do about a database that cannot be used. */
static const char *database_advice(enum err e)
{
    switch (e) {
    case ERR_NOT_FOUND:
        return "it is not there, or empty: run mxadmin init";
    case ERR_CORRUPT:
        return "it is damaged, or not of this program and server name: see what is said above";
    case ERR_BUSY:
        return "another process holds its lock for long: see what that is, and try again";
    case ERR_FULL:
        return "the disk is full";
    default:
        return "it cannot be read and written: see what is said above";
    }
}

static void test_database(struct check *check)
{
    const char *path = check->config->database;
    struct db *db = NULL;
    struct stat status;
    enum err e = db_open(&db, path);

    if (!e)
        e = schema_check(db, check->config->server_name);
    db_close(&db);
    if (e)
        report(check, LEVEL_ERROR, "%s: %s", path, database_advice(e));
    else if (stat(path, &status) < 0)
        report(check, LEVEL_ERROR, "%s: %s", path, strerror(errno));
    else if (status.st_mode & (S_IRWXG | S_IRWXO))
        report(check, LEVEL_WARNING, "%s: holds access tokens, and others can open it: chmod 600 %s", path,
               path);
    else
        report(check, LEVEL_OK, "%s", path);
}

static void test_space(struct check *check)
{
    char buffer[LINE_SIZE];
    const char *folder = folder_of(check->config->database, buffer);
    struct statvfs status;
    uint64_t free_bytes;
    enum level level;

    if (statvfs(folder, &status) < 0) {
        report(check, LEVEL_ERROR, "%s: %s", folder, strerror(errno));
        return;
    }
    free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
    level = free_bytes < SPACE_ERROR ? LEVEL_ERROR : free_bytes < SPACE_WARNING ? LEVEL_WARNING : LEVEL_OK;
    report(check, level, "%" PRIu64 " MiB are free in %s%s", free_bytes / MIB, folder,
           level ? ": make room" : "");
}

static void test_signing_key(struct check *check)
{
    const char *path = check->config->signing_key;
    struct signing_key key = {0};
    struct stat status;
    enum err e = signing_key_read(path, &key);

    if (e == ERR_NOT_FOUND)
        report(check, LEVEL_ERROR, "%s: it is not there: run mxadmin init", path);
    else if (e)
        report(check, LEVEL_ERROR, "%s: it cannot be read: see what is said above", path);
    else if (stat(path, &status) < 0)
        report(check, LEVEL_ERROR, "%s: %s", path, strerror(errno));
    else if (status.st_mode & (S_IRWXG | S_IRWXO))
        report(check, LEVEL_ERROR, "%s: others can read or change it: chmod 600 %s", path, path);
    else
        report(check, LEVEL_OK, "%s, %s", path, key.id);
    signing_key_wipe(&key);
}

static void test_password_hash(struct check *check)
{
    const struct config *config = check->config;
    const struct password_cost cost = {
        .scheme = config->password_hash == CONFIG_PASSWORD_BCRYPT ? PASSWORD_BCRYPT : PASSWORD_SCRYPT,
        .scrypt_log2_n = (int)config->scrypt_log2_n,
        .scrypt_r = (int)config->scrypt_r,
        .scrypt_p = (int)config->scrypt_p,
        .bcrypt_cost = (int)config->bcrypt_cost,
    };
    char hash[PASSWORD_HASH_SIZE];
    int64_t begun = clock_monotonic_ms();
    enum err e = password_hash("a password to measure with", &cost, hash);
    int64_t took = clock_monotonic_ms() - begun;

    if (e)
        report(check, LEVEL_ERROR, "a password cannot be hashed: %s", err_text(e));
    else
        report(check, took > SLOW_HASH_MS ? LEVEL_WARNING : LEVEL_OK,
               "%s takes %" PRId64 " ms a password, %d at once%s",
               cost.scheme == PASSWORD_BCRYPT ? "bcrypt" : "scrypt", took, config_hash_slots(config),
               took > SLOW_HASH_MS ? ": a sign-in waits for it, so lower the cost" : "");
}

/* The tests, in their order; those after the first need a configuration. */
static const struct {
    const char *subject;
    void (*run)(struct check *check);
} tests[] = {
    {"configuration", test_configuration}, {"shared secret", test_secret}, {"listen", test_listen},
    {"database", test_database},           {"disk space", test_space},     {"signing key", test_signing_key},
    {"password hash", test_password_hash},
};

int command_check(const struct invocation *invocation)
{
    struct check check = {.invocation = invocation, .as_root = geteuid() == 0};
    enum level bad = invocation->given[OPTION_STRICT] ? LEVEL_WARNING : LEVEL_ERROR;
    struct config *config = NULL;
    int code;

    setvbuf(stdout, NULL, _IOLBF, 0); /* lines stay behind what was logged before them */
    /* While root can see the file: the user of the service need not. Reading it tells whether it is there. */
    (void)!stat(invocation->config_path, &check.file);
    if (context_config(invocation, &config) == ERR_OK)
        check.config = config;
    for (size_t i = 0; i < sizeof tests / sizeof *tests && (i == 0 || check.config); i++) {
        check.subject = tests[i].subject;
        tests[i].run(&check);
    }
    config_free(&config);
    code = console_finish(invocation);
    return check.worst >= bad ? COMMAND_FAILED : code;
}
