/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/gate.h"

/*
 * Byte 0 of the file is the turnstile, bytes 1 to `slots` are the places. fcntl(2) can wait for one byte, not
 * for whichever comes free first; so the processes that wait queue for the turnstile, which the kernel hands
 * on about in the order of arrival, and the one that has it looks at all places in turn until one is free.
 */
#define TURNSTILE 0

/* How often the first in the queue looks: little against the time that one hash takes. */
static const struct timespec look_again = {.tv_nsec = 2000000};

struct gate {
    int fd;
    int slots;
    int held; /* the byte of the place that is ours; 0: none */
};

/* Sets or clears the lock on one byte; false with errno. A signal does not end a wait. */
static bool lock_byte(const struct gate *gate, int command, short type, int byte)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};
    int result;

    do
        result = fcntl(gate->fd, command, &lock);
    while (result < 0 && errno == EINTR);
    return result == 0;
}

/* Takes a free place. EACCES or EAGAIN in errno: there is none. */
static bool take_place(struct gate *gate)
{
    for (int byte = 1; byte <= gate->slots; byte++) {
        if (lock_byte(gate, F_SETLK, F_WRLCK, byte)) {
            gate->held = byte;
            return true;
        }
        if (errno != EACCES && errno != EAGAIN)
            return false;
    }
    return false;
}

enum err gate_open(struct gate **gate, const char *path, int slots)
{
    struct gate *new = malloc(sizeof *new);

    if (!new)
        return ERR_NOMEM;
    *new = (struct gate){.slots = slots, .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (new->fd < 0) {
        log_error("%s cannot be opened: %s", path, strerror(errno));
        free(new);
        return ERR_IO;
    }
    *gate = new;
    return ERR_OK;
}

enum err gate_open_beside(struct gate **gate, const char *database, int slots)
{
    char *path = NULL;
    enum err e;

    if (asprintf(&path, "%s.gate", database) < 0)
        return ERR_NOMEM;
    e = gate_open(gate, path, slots);
    free(path);
    return e;
}

void gate_close(struct gate **gate)
{
    if (!*gate)
        return;
    close((*gate)->fd); /* takes the locks with it */
    free(*gate);
    *gate = NULL;
}

bool gate_try(struct gate *gate)
{
    return gate->held || take_place(gate);
}

enum err gate_enter(struct gate *gate)
{
    bool entered = gate->held > 0;
    int failure = 0;

    if (entered)
        return ERR_OK;
    if (!lock_byte(gate, F_SETLKW, F_WRLCK, TURNSTILE)) {
        log_error("waiting to hash a password: %s", strerror(errno));
        return ERR_IO;
    }
    while (!entered && !failure) {
        entered = take_place(gate);
        if (!entered && (errno == EACCES || errno == EAGAIN))
            nanosleep(&look_again, NULL);
        else if (!entered)
            failure = errno;
    }
    lock_byte(gate, F_SETLK, F_UNLCK, TURNSTILE);
    if (entered)
        return ERR_OK;
    log_error("taking a place to hash a password: %s", strerror(failure));
    return ERR_IO;
}

void gate_leave(struct gate *gate)
{
    if (gate->held)
        lock_byte(gate, F_SETLK, F_UNLCK, gate->held);
    gate->held = 0;
}
