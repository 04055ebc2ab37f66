/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "process/listener.h"

#define UNIX_PREFIX   "unix:"
#define SYSTEMD_FIRST 3 /* SD_LISTEN_FDS_START of sd_listen_fds(3) */
#define LISTEN_BACKLOG                                                                                       \
    1024 /* bounded by net.core.somaxconn; nginx waits in it while all workers are busy                      \
          */
#define HOST_SIZE 64

static enum err complain(const struct config *config, const char *what)
{
    log_error("listen: %s: %s: %s", config->listen, what, strerror(errno));
    return ERR_IO;
}

static int open_socket(int family)
{
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Removes a socket that nobody listens on: what a killed pool leaves behind. */
static enum err remove_dead(const struct config *config, const struct sockaddr_un *address)
{
    struct stat status;
    int fd, connected;

    if (lstat(address->sun_path, &status) < 0)
        return errno == ENOENT ? ERR_OK : complain(config, "cannot be looked at");
    if (!S_ISSOCK(status.st_mode)) {
        log_error("listen: %s: there is a file in the way that is not a socket", config->listen);
        return ERR_EXISTS;
    }
    fd = open_socket(AF_UNIX);
    if (fd < 0)
        return complain(config, "no socket");
    connected = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN;
    close(fd);
    if (connected) {
        log_error("listen: %s: another process serves on this socket", config->listen);
        return ERR_EXISTS;
    }
    return unlink(address->sun_path) == 0 ? ERR_OK : complain(config, "a dead socket cannot be removed");
}

/* The numbers of `listen_owner` and `listen_group`; -1 leaves them alone. */
static enum err find_owner(const struct config *config, uid_t *owner, gid_t *group)
{
    *owner = (uid_t)-1;
    *group = (gid_t)-1;
    if (*config->listen_owner) {
        const struct passwd *entry = getpwnam(config->listen_owner);

        if (!entry) {
            log_error("listen_owner: there is no user %s", config->listen_owner);
            return ERR_INVALID;
        }
        *owner = entry->pw_uid;
    }
    if (*config->listen_group) {
        const struct group *entry = getgrnam(config->listen_group);

        if (!entry) {
            log_error("listen_group: there is no group %s", config->listen_group);
            return ERR_INVALID;
        }
        *group = entry->gr_gid;
    }
    return ERR_OK;
}

_Static_assert(sizeof((struct listener *)0)->path == sizeof((struct sockaddr_un *)0)->sun_path, "one bound");

static enum err open_unix(const struct config *config, struct listener *listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = config->listen + strlen(UNIX_PREFIX);
    mode_t umask_before;
    uid_t owner;
    gid_t group;
    enum err e;
    int bound;

    if (strlen(path) >= sizeof address.sun_path) {
        log_error("listen: %s: a socket's path has at most %zu bytes", config->listen,
                  sizeof address.sun_path - 1);
        return ERR_INVALID;
    }
    strcpy(address.sun_path, path);
    e = find_owner(config, &owner, &group);
    if (!e)
        e = remove_dead(config, &address);
    if (e)
        return e;
    listener->fd = open_socket(AF_UNIX);
    if (listener->fd < 0)
        return complain(config, "no socket");
    /* Nobody may connect before owner and mode are what was asked for. */
    umask_before = umask(0177);
    bound = bind(listener->fd, (const struct sockaddr *)&address, sizeof address);
    umask(umask_before);
    if (bound < 0)
        return complain(config, "cannot bind");
    strcpy(listener->path, path);
    if (chown(path, owner, group) < 0)
        return complain(config, "cannot change the owner");
    if (chmod(path, (mode_t)config->listen_mode) < 0)
        return complain(config, "cannot change the mode");
    return ERR_OK;
}

/* Takes "address:port" or "[address]:port" apart. */
static bool split_host_port(const char *listen, char host[HOST_SIZE], const char **port)
{
    const char *colon = strrchr(listen, ':');
    size_t length = colon ? (size_t)(colon - listen) : 0;

    if (length == 0 || length >= HOST_SIZE || !colon[1])
        return false;
    if (listen[0] == '[' && listen[length - 1] == ']') {
        listen++;
        length -= 2;
    }
    memcpy(host, listen, length);
    host[length] = '\0';
    *port = colon + 1;
    return true;
}

static enum err open_tcp(const struct config *config, struct listener *listener)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[HOST_SIZE];
    const char *port;
    int failed, on = 1;
    enum err e = ERR_OK;

    if (!split_host_port(config->listen, host, &port)) {
        log_error("listen: %s: not unix:/path, address:port, [address]:port or systemd", config->listen);
        return ERR_INVALID;
    }
    failed = getaddrinfo(host, port, &hints, &found);
    if (failed) {
        log_error("listen: %s: %s", config->listen, gai_strerror(failed));
        return ERR_INVALID;
    }
    listener->fd = open_socket(found->ai_family);
    if (listener->fd < 0)
        e = complain(config, "no socket");
    else if (setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
             bind(listener->fd, found->ai_addr, found->ai_addrlen) < 0)
        e = complain(config, "cannot bind");
    freeaddrinfo(found);
    return e;
}

/* sd_listen_fds(3): LISTEN_PID is us, LISTEN_FDS says how many, they begin at 3, and are not for our
 * children. */
static enum err open_systemd(struct listener *listener)
{
    const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    int flags;

    if (!pid || !count || strtol(pid, NULL, 10) != (long)getpid() || strtol(count, NULL, 10) < 1) {
        log_error("listen: systemd: no socket was passed; is mxadmin.socket enabled?");
        return ERR_INVALID;
    }
    listener->fd = SYSTEMD_FIRST;
    flags = fcntl(listener->fd, F_GETFL);
    if (flags < 0 || fcntl(listener->fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(listener->fd, F_SETFD, FD_CLOEXEC) < 0) {
        log_error("listen: systemd: the passed socket is not usable: %s", strerror(errno));
        return ERR_IO;
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return ERR_OK;
}

enum err listener_open(const struct config *config, struct listener *listener)
{
    enum err e;

    *listener = (struct listener){.fd = -1};
    if (strcmp(config->listen, "systemd") == 0)
        return open_systemd(listener);
    if (strncmp(config->listen, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
        e = open_unix(config, listener);
    else
        e = open_tcp(config, listener);
    if (!e && listen(listener->fd, LISTEN_BACKLOG) < 0)
        e = complain(config, "cannot listen");
    if (e) {
        listener_unlink(listener);
        if (listener->fd >= 0)
            close(listener->fd);
        listener->fd = -1;
    }
    return e;
}

void listener_unlink(struct listener *listener)
{
    if (*listener->path && unlink(listener->path) < 0 && errno != ENOENT)
        log_warning("listen: unix:%s cannot be removed: %s", listener->path, strerror(errno));
    *listener->path = '\0';
}
