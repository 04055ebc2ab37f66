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
#include "command/check_test.h"
#include "command/console.h"
#include "command/context.h"
#include "crypto/ed25519.h"
#include "crypto/password.h"
#include "homeserver/policies.h"
#include "store/jobs.h"
#include "store/presence.h"
#include "store/schema.h"

#define UNIX_PREFIX   "unix:"
#define MIB           (1024 * 1024)
#define SPACE_ERROR   (64 * MIB)   /* the write-ahead log alone can need as much */
#define SPACE_WARNING (1024 * MIB) /* time to act */
#define SLOW_HASH_MS  1000         /* what somebody who signs in is made to wait */

/* Prints the line of a test; more than one a test are possible. */
void check_report(struct check *check, enum check_level level, const char *format, ...)
{
    static const char *const names[LEVEL__MAX] = {"ok", "warning", "error"};
    char line[CHECK_LINE_SIZE], safe[CHECK_LINE_SIZE];
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
static const char *folder_of(const char *path, char buffer[CHECK_LINE_SIZE])
{
    snprintf(buffer, CHECK_LINE_SIZE, "%s", path);
    return dirname(buffer);
}

bool check_is_open(struct check *check, const char *path, const struct stat *status, bool secret)
{
    if (status->st_mode & S_IWOTH)
        check_report(check, LEVEL_ERROR, "%s: everybody can write to it: chmod o-w %s", path, path);
    else if (secret && status->st_mode & S_IROTH)
        check_report(check, LEVEL_ERROR, "%s: holds a secret, and everybody can read it: chmod o-r %s", path,
                     path);
    else
        return false;
    return true;
}

static void test_configuration(struct check *check)
{
    const struct config *config = check->config;
    const char *path = check->invocation->config_path;
    bool own_secret = config && config->homeserver.kind == CONFIG_HOMESERVER_STANDALONE &&
                      *config->registration_shared_secret && !*config->registration_shared_secret_path;

    if (!config)
        check_report(check, LEVEL_ERROR, "%s: correct what is said above; nothing else was tested", path);
    else if (!check_is_open(check, path, &check->file, own_secret))
        check_report(check, LEVEL_OK, "%s, server name %s", path, config->server_name);
}

static void test_secret(struct check *check)
{
    const char *path = check->config->registration_shared_secret_path;
    struct stat status;

    if (!*check->config->registration_shared_secret)
        check_report(check, LEVEL_OK, "there is none, so registration with it is off");
    else if (!*path)
        check_report(check, LEVEL_OK, "it is in %s",
                     check->config->homeserver.kind == CONFIG_HOMESERVER_DENDRITE
                         ? check->config->homeserver.config
                         : "the configuration");
    else if (stat(path, &status) < 0)
        check_report(check, LEVEL_WARNING, "%s: %s", path, strerror(errno));
    else if (!check_is_open(check, path, &status, true))
        check_report(check, LEVEL_OK, "it is in %s", path);
}

/* Whether the folder of the socket lets it be made. */
static void test_socket_folder(struct check *check, const char *path)
{
    char buffer[CHECK_LINE_SIZE];
    const char *folder = folder_of(path, buffer);
    bool passing = strncmp(folder, "/run/", strlen("/run/")) == 0;

    if (access(folder, W_OK | X_OK) == 0)
        check_report(check, LEVEL_OK, "%s: nobody serves on it now, and it can be made",
                     check->config->listen);
    else if (errno == ENOENT && passing)
        check_report(check, LEVEL_WARNING,
                     "%s does not exist: systemd makes it when it starts the service, otherwise make it",
                     folder);
    else if (errno == EACCES && check->as_root)
        check_report(
            check, LEVEL_WARNING,
            "%s: only root can make a socket there: give the folder to %s, or start the service as root",
            folder, check->config->user);
    else
        check_report(check, LEVEL_ERROR, "%s: no socket can be made there: %s", folder, strerror(errno));
}

static void test_socket(struct check *check, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof address.sun_path) {
        check_report(check, LEVEL_ERROR, "%s: a socket's path has at most %zu bytes", check->config->listen,
                     sizeof address.sun_path - 1);
        return;
    }
    strcpy(address.sun_path, path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        check_report(check, LEVEL_ERROR, "no socket: %s", strerror(errno));
    else if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN)
        check_report(check, LEVEL_OK, "%s: a service answers", check->config->listen);
    else if (errno == EACCES && access(path, F_OK) == 0)
        check_report(check, LEVEL_OK, "%s: is there, and not for this user to connect to",
                     check->config->listen);
    else
        test_socket_folder(check, path);
    if (fd >= 0)
        close(fd);
}

static void test_listen(struct check *check)
{
    const struct config *config = check->config;

    if (*config->listen_owner && !getpwnam(config->listen_owner))
        check_report(check, LEVEL_ERROR, "listen_owner: there is no user %s", config->listen_owner);
    if (*config->listen_group && !getgrnam(config->listen_group))
        check_report(check, LEVEL_ERROR, "listen_group: there is no group %s", config->listen_group);
    if (strcmp(config->listen, "systemd") == 0)
        check_report(check, LEVEL_OK, "the socket comes from systemd, mxadmin.socket says which");
    else if (strncmp(config->listen, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
        test_socket(check, config->listen + strlen(UNIX_PREFIX));
    else
        check_report(check, LEVEL_OK, "%s: TCP; every local user can connect to it", config->listen);
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

/* It stays open, beside a Dendrite with Dendrite's, for the tests after it. */
static enum err open_database(struct check *check)
{
    const struct config *config = check->config;
    enum err e;

    if (config->homeserver.kind == CONFIG_HOMESERVER_DENDRITE)
        return schema_open_beside(&check->db, config->database, config->server_name);
    e = db_open(&check->db, config->database);
    if (!e)
        e = schema_check(check->db, config->server_name);
    if (e)
        db_close(&check->db);
    return e;
}

/* The lock files beside the database: without the first nothing is served. Those that are missing are made.
 */
static bool may_lock(struct check *check)
{
    static const char *const names[] = {"gate", "jobs", "notices", "turns"};
    char path[CHECK_LINE_SIZE];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s.%s", check->config->database, names[i]);
        if (access(path, R_OK | W_OK) == 0 || errno == ENOENT)
            continue;
        check_report(check, LEVEL_ERROR, "%s: %s: it has to belong to who owns the database", path,
                     strerror(errno));
        return false;
    }
    return true;
}

static void test_database(struct check *check)
{
    const char *path = check->config->database;
    struct stat status;
    enum err e = open_database(check);

    if (e)
        check_report(check, LEVEL_ERROR, "%s: %s", path, database_advice(e));
    else if (stat(path, &status) < 0)
        check_report(check, LEVEL_ERROR, "%s: %s", path, strerror(errno));
    else if (status.st_mode & (S_IRWXG | S_IRWXO))
        check_report(check, LEVEL_WARNING, "%s: holds access tokens, and others can open it: chmod 600 %s",
                     path, path);
    else if (may_lock(check))
        check_report(check, LEVEL_OK, "%s", path);
}

/* Whether what there is to do is being done. Where it is not, requests do what they wait for, and no more. */
static bool any_policy(const struct config *config)
{
    for (size_t i = 0; i < policies_count; i++)
        if (policy_is_on(&policies[i], config))
            return true;
    return false;
}

static void test_jobs(struct check *check)
{
    struct presence *presence = NULL;
    int64_t due_ts = INT64_MAX;
    bool runner = false;
    enum err e = check->db ? presence_open(&presence, check->db) : ERR_NOT_FOUND;

    if (!e)
        e = presence_any_runner(presence, &runner);
    if (!e)
        e = jobs_next_due(check->db, &due_ts);
    presence_close(&presence);
    if (e && e != ERR_NOT_FOUND)
        check_report(check, LEVEL_ERROR, "they cannot be looked at: see what is said above");
    else if (!check->db)
        return;
    else if (runner)
        check_report(check, LEVEL_OK, "a job runner is there");
    else if (due_ts > clock_now_ms() && !any_policy(check->config))
        check_report(check, LEVEL_OK, "nothing is to be done now");
    else
        check_report(
            check, LEVEL_WARNING,
            "there are %s, and nothing does them: start mxadmin serve, or behind Apache mxadmin work",
            due_ts > clock_now_ms() ? "policies" : "some to do");
}

static void test_space(struct check *check)
{
    char buffer[CHECK_LINE_SIZE];
    const char *folder = folder_of(check->config->database, buffer);
    struct statvfs status;
    uint64_t free_bytes;
    enum check_level level;

    if (statvfs(folder, &status) < 0) {
        check_report(check, LEVEL_ERROR, "%s: %s", folder, strerror(errno));
        return;
    }
    free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
    level = free_bytes < SPACE_ERROR ? LEVEL_ERROR : free_bytes < SPACE_WARNING ? LEVEL_WARNING : LEVEL_OK;
    check_report(check, level, "%" PRIu64 " MiB are free in %s%s", free_bytes / MIB, folder,
                 level ? ": make room" : "");
}

static void test_signing_key(struct check *check)
{
    const char *path = check->config->signing_key;
    struct signing_key key = {0};
    struct stat status;
    enum err e = signing_key_read(path, &key);

    if (e == ERR_NOT_FOUND)
        check_report(check, LEVEL_ERROR, "%s: it is not there: run mxadmin init", path);
    else if (e)
        check_report(check, LEVEL_ERROR, "%s: it cannot be read: see what is said above", path);
    else if (stat(path, &status) < 0)
        check_report(check, LEVEL_ERROR, "%s: %s", path, strerror(errno));
    else if (status.st_mode & (S_IRWXG | S_IRWXO))
        check_report(check, LEVEL_ERROR, "%s: others can read or change it: chmod 600 %s", path, path);
    else
        check_report(check, LEVEL_OK, "%s, %s", path, key.id);
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
        check_report(check, LEVEL_ERROR, "a password cannot be hashed: %s", err_text(e));
    else
        check_report(check, took > SLOW_HASH_MS ? LEVEL_WARNING : LEVEL_OK,
                     "%s takes %" PRId64 " ms a password, %d at once%s",
                     cost.scheme == PASSWORD_BCRYPT ? "bcrypt" : "scrypt", took, config_hash_slots(config),
                     took > SLOW_HASH_MS ? ": a sign-in waits for it, so lower the cost" : "");
}

/* With which kinds of homeserver a test makes sense. */
enum { ALONE = 1 << CONFIG_HOMESERVER_STANDALONE, BESIDE = 1 << CONFIG_HOMESERVER_DENDRITE };

/* The tests, in their order; those after the first need a configuration. */
static const struct {
    const char *subject;
    void (*run)(struct check *check);
    int kinds;
} tests[] = {
    {"configuration", test_configuration, ALONE | BESIDE},
    {"shared secret", test_secret, ALONE | BESIDE},
    {"listen", test_listen, ALONE | BESIDE},
    {"database", test_database, ALONE | BESIDE},
    {"jobs", test_jobs, ALONE | BESIDE},
    {"disk space", test_space, ALONE | BESIDE},
    {"media store", check_media, ALONE | BESIDE},
    {"signing key", test_signing_key, ALONE},
    {"password hash", test_password_hash, ALONE},
    {"dendrite files", check_files, BESIDE},
    {"schema", check_schema, BESIDE},
    {"journal mode", check_journal_mode, BESIDE},
    {"application service", check_service, BESIDE},
    {"service account", check_account, BESIDE},
    {"homeserver", check_homeserver, BESIDE},
    {"server notices", check_notices, BESIDE},
};

static void run_tests(struct check *check)
{
    const int kind = check->config ? 1 << check->config->homeserver.kind : ALONE;

    for (size_t i = 0; i < sizeof tests / sizeof *tests && (i == 0 || check->config); i++) {
        check->subject = tests[i].subject;
        if (tests[i].kinds & kind)
            tests[i].run(check);
    }
}

int command_check(const struct invocation *invocation)
{
    struct check check = {.invocation = invocation, .as_root = geteuid() == 0};
    enum check_level bad = invocation->given[OPTION_STRICT] ? LEVEL_WARNING : LEVEL_ERROR;
    struct config *config = NULL;
    int code;

    setvbuf(stdout, NULL, _IOLBF, 0); /* lines stay behind what was logged before them */
    /* While root can see the file: the user of the service need not. Reading it tells whether it is there. */
    (void)!stat(invocation->config_path, &check.file);
    if (context_config(invocation, &config) == ERR_OK)
        check.config = config;
    run_tests(&check);
    db_close(&check.db);
    config_free(&config);
    code = console_finish(invocation);
    return check.worst >= bad ? COMMAND_FAILED : code;
}
