/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/beside.h"
#include "base/clock.h"
#include "base/log.h"
#include "crypto/gate.h"

/*
 * Byte 0 of the file is the turnstile, bytes 1 to `slots` are the places. fcntl(2) can wait for one byte, not
 * for whichever comes free first; so the processes that wait queue for the turnstile, which the kernel hands
 * on about in the order of arrival, and the one that has it looks at all places in turn until one is free.
 */
#define TURNSTILE 0
/* Held, for sharing, by every process that has announced somebody who waits. */
#define AWAITED (1 << 20)

/* How often the first in the queue looks: little against the time that a hash or a change takes. */
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

/* Where the file says until when a place stays empty. */
static off_t rest_offset(int byte)
{
    return byte * (off_t)sizeof(int64_t);
}

/* Whether a place that is ours has to stay empty for now. A time that is too far away is one of before a
 * restart of the machine. */
static bool is_resting(const struct gate *gate, int byte)
{
    int64_t until_ms, now = clock_monotonic_ms();

    return pread(gate->fd, &until_ms, sizeof until_ms, rest_offset(byte)) == (ssize_t)sizeof until_ms &&
           until_ms > now && until_ms - now <= GATE_REST_MAX_MS;
}

/* Takes a free place. EACCES or EAGAIN in errno: there is none. */
static bool take_place(struct gate *gate)
{
    for (int byte = 1; byte <= gate->slots; byte++) {
        if (lock_byte(gate, F_SETLK, F_WRLCK, byte)) {
            if (!is_resting(gate, byte)) {
                gate->held = byte;
                return true;
            }
            lock_byte(gate, F_SETLK, F_UNLCK, byte);
            errno = EAGAIN;
        }
        if (errno != EACCES && errno != EAGAIN)
            return false;
    }
    return false;
}

static enum err open_file(struct gate **gate, const char *path, const char *database, int slots)
{
    struct gate *new = malloc(sizeof *new);

    if (!new)
        return ERR_NOMEM;
    *new = (struct gate){.slots = slots, .fd = beside_open(path, database, true)};
    if (new->fd < 0) {
        log_error("%s cannot be opened: %s", path, strerror(errno));
        free(new);
        return ERR_IO;
    }
    *gate = new;
    return ERR_OK;
}

enum err gate_open(struct gate **gate, const char *path, int slots)
{
    return open_file(gate, path, path, slots);
}

enum err gate_open_beside(struct gate **gate, const char *database, const char *name, int slots)
{
    char *path = NULL;
    enum err e;

    if (asprintf(&path, "%s.%s", database, name) < 0)
        return ERR_NOMEM;
    e = open_file(gate, path, database, slots);
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

bool gate_is_held(const struct gate *gate)
{
    return gate->held > 0;
}

/* Looks again and again until it has a place. ERR_BUSY: not by `end_ms`. */
static enum err look_for_place(struct gate *gate, int64_t end_ms)
{
    for (;;) {
        if (gate_try(gate))
            return ERR_OK;
        if (errno != EACCES && errno != EAGAIN) {
            log_error("taking a place in a gate: %s", strerror(errno));
            return ERR_IO;
        }
        if (clock_monotonic_ms() >= end_ms)
            return ERR_BUSY;
        nanosleep(&look_again, NULL);
    }
}

enum err gate_enter(struct gate *gate)
{
    enum err e;

    if (gate->held)
        return ERR_OK;
    if (!lock_byte(gate, F_SETLKW, F_WRLCK, TURNSTILE)) {
        log_error("waiting at a gate: %s", strerror(errno));
        return ERR_IO;
    }
    e = look_for_place(gate, INT64_MAX);
    lock_byte(gate, F_SETLK, F_UNLCK, TURNSTILE);
    return e;
}

enum err gate_enter_within(struct gate *gate, int64_t ms)
{
    return look_for_place(gate, clock_monotonic_ms() + ms);
}

void gate_announce(struct gate *gate, bool waiting)
{
    lock_byte(gate, F_SETLK, waiting ? F_RDLCK : F_UNLCK, AWAITED);
}

bool gate_is_awaited(const struct gate *gate)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = AWAITED, .l_len = 1};

    return fcntl(gate->fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

void gate_leave_empty(struct gate *gate, int64_t ms)
{
    int64_t until_ms = clock_monotonic_ms() + (ms < GATE_REST_MAX_MS ? ms : GATE_REST_MAX_MS);

    if (gate->held && ms > 0 &&
        pwrite(gate->fd, &until_ms, sizeof until_ms, rest_offset(gate->held)) != (ssize_t)sizeof until_ms)
        log_warning("a place in a gate could not be left empty: %s", strerror(errno));
    gate_leave(gate);
}

void gate_leave(struct gate *gate)
{
    if (gate->held)
        lock_byte(gate, F_SETLK, F_UNLCK, gate->held);
    gate->held = 0;
}
