/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/log.h"
#include "store/presence.h"

/* The bytes of the lock file: those of runners lie together, so that one question tells whether there is any.
 * Byte 0 is the bell's. */
static const struct {
    int64_t first, count;
} numbers[] = {
    [PRESENCE_RUNNER] = {1, 64},
    [PRESENCE_REQUEST] = {65, 8192},
};
_Static_assert(sizeof numbers / sizeof *numbers == PRESENCE_ROLE__MAX, "every role has its numbers");

struct presence {
    const struct db *db;
    char *path;
    int fd;    /* -1: not opened yet */
    int bell;  /* -1: nobody listens */
    bool deaf; /* it was tried, and cannot be had */
    int64_t number;
};

enum err presence_open(struct presence **presence, const struct db *db)
{
    struct presence *new = malloc(sizeof *new);

    *presence = new;
    if (!new)
        return ERR_NOMEM;
    *new = (struct presence){.db = db, .fd = -1, .bell = -1};
    if (asprintf(&new->path, "%s.jobs", db_path(db)) >= 0)
        return ERR_OK;
    new->path = NULL;
    presence_close(presence);
    return ERR_NOMEM;
}

void presence_close(struct presence **presence)
{
    struct presence *old = *presence;

    if (!old)
        return;
    if (old->bell >= 0)
        close(old->bell);
    if (old->fd >= 0)
        close(old->fd); /* takes the locks with it */
    free(old->path);
    free(old);
    *presence = NULL;
}

static enum err failed(const struct presence *presence, const char *what)
{
    log_error("%s: %s: %s", presence->path, what, strerror(errno));
    return ERR_IO;
}

/* ERR_NOT_FOUND, which is not logged: it is not there, and `create` does not ask for it. */
static enum err open_file(struct presence *presence, bool create)
{
    if (presence->fd < 0)
        presence->fd = beside_open(presence->path, db_path(presence->db), create);
    if (presence->fd >= 0)
        return ERR_OK;
    return errno == ENOENT && !create ? ERR_NOT_FOUND : failed(presence, "cannot be opened");
}

/* Asks about, sets or clears the lock on `count` bytes; false with errno. */
static bool lock_bytes(const struct presence *presence, int command, struct flock *lock)
{
    int result;

    lock->l_whence = SEEK_SET;
    do
        result = fcntl(presence->fd, command, lock);
    while (result < 0 && errno == EINTR);
    return result == 0;
}

/* Locks the byte of a number, unless another process has. */
static enum err take(struct presence *presence, int64_t number, bool *taken)
{
    struct flock lock = {.l_type = F_WRLCK, .l_start = number, .l_len = 1};
    enum err e = open_file(presence, true);

    *taken = !e && lock_bytes(presence, F_SETLK, &lock);
    if (e || *taken || errno == EACCES || errno == EAGAIN)
        return e;
    return failed(presence, "cannot be locked");
}

static void give_back(struct presence *presence, int64_t number)
{
    struct flock lock = {.l_type = F_UNLCK, .l_start = number, .l_len = 1};

    if (!lock_bytes(presence, F_SETLK, &lock))
        (void)failed(presence, "cannot be unlocked");
}

enum err presence_enter(struct presence *presence, enum presence_role role)
{
    int64_t end = numbers[role].first + numbers[role].count;
    bool taken = presence->number > 0;
    enum err e = ERR_OK;

    for (int64_t number = numbers[role].first; !e && !taken && number < end; number++) {
        e = take(presence, number, &taken);
        if (taken)
            presence->number = number;
    }
    if (!e && !taken) {
        log_error("%s: too many processes do jobs", presence->path);
        e = ERR_LIMITED;
    }
    return e;
}

void presence_leave(struct presence *presence)
{
    if (presence->number)
        give_back(presence, presence->number);
    presence->number = 0;
}

int64_t presence_number(const struct presence *presence)
{
    return presence->number;
}

enum err presence_any_runner(struct presence *presence, bool *any)
{
    struct flock lock = {.l_type = F_WRLCK,
                         .l_start = numbers[PRESENCE_RUNNER].first,
                         .l_len = numbers[PRESENCE_RUNNER].count};
    enum err e = open_file(presence, false);

    *any = false;
    if (e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    if (!lock_bytes(presence, F_GETLK, &lock))
        return failed(presence, "cannot be asked for its locks");
    *any = lock.l_type != F_UNLCK;
    return ERR_OK;
}

enum err presence_hold(struct presence *presence, int64_t number, bool *held)
{
    *held = number == presence->number;
    return *held ? ERR_OK : take(presence, number, held);
}

void presence_release(struct presence *presence, int64_t number)
{
    if (number != presence->number)
        give_back(presence, number);
}

void presence_ring(struct presence *presence)
{
    /* What the byte is does not matter, only that it was written. */
    if (!open_file(presence, true) && pwrite(presence->fd, "!", 1, 0) != 1)
        log_warning("%s: cannot be written: %s", presence->path, strerror(errno));
}

int presence_bell(struct presence *presence)
{
    if (presence->bell >= 0 || presence->deaf || open_file(presence, true))
        return presence->bell;
    presence->bell = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    /* A process that ends, however it does, closes the file, which it could have written. */
    if (presence->bell >= 0 &&
        inotify_add_watch(presence->bell, presence->path, IN_MODIFY | IN_CLOSE_WRITE) < 0) {
        close(presence->bell);
        presence->bell = -1;
    }
    presence->deaf = presence->bell < 0;
    if (presence->deaf)
        log_warning("%s cannot be watched: %s; jobs are looked for every second", presence->path,
                    strerror(errno));
    return presence->bell;
}

void presence_heard(struct presence *presence)
{
    char events[4096];

    while (presence->bell >= 0 && read(presence->bell, events, sizeof events) > 0)
        continue;
}
