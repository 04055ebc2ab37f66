/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/connections.h"

#define ACCEPT_PAUSE_US 100000 /* without a free descriptor there is no use in trying again at once */
#define FRESH_GRACE_US                                                                                       \
    200000                   /* at the end: how long a connection may have been open without its first byte */
#define DESCRIPTORS_OTHER 32 /* what the process needs beside its connections */
#define DESCRIPTORS_MAX   65536

char connections_listener, connections_handoff;

static bool watch(const struct connections *set, int fd, uint32_t events, void *tag)
{
    struct epoll_event event = {.events = events, .data.ptr = tag};

    if (fd < 0)
        return true;
    if (epoll_ctl(set->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        log_error("epoll: %s", strerror(errno));
        return false;
    }
    return true;
}

/* Exclusive: one new connection wakes one idle worker, not all of them. */
static bool accepting_start(struct connections *set)
{
    set->accepting = watch(set, set->listener, EPOLLIN | EPOLLEXCLUSIVE, &connections_listener) &&
                     watch(set, set->handoff.take, EPOLLIN | EPOLLEXCLUSIVE, &connections_handoff);
    set->accept_again_us = 0;
    return set->accepting;
}

static void accepting_stop(struct connections *set)
{
    if (!set->accepting)
        return;
    epoll_ctl(set->epoll, EPOLL_CTL_DEL, set->listener, NULL);
    if (set->handoff.take >= 0)
        epoll_ctl(set->epoll, EPOLL_CTL_DEL, set->handoff.take, NULL);
    set->accepting = false;
}

bool connections_open(struct connections *set)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    set->count_max =
        (int)(files.rlim_cur < DESCRIPTORS_MAX ? files.rlim_cur : DESCRIPTORS_MAX) - DESCRIPTORS_OTHER;
    return accepting_start(set);
}

void connections_close(struct connections *set)
{
    accepting_stop(set);
    set->closed = true;
}

void connections_resume(struct connections *set)
{
    if (set->accept_again_us && !set->closed && clock_monotonic_us() >= set->accept_again_us)
        accepting_start(set);
}

static void add(struct connections *set, int fd, bool fresh)
{
    const struct timeval timeout = {.tv_sec = set->timeout_s};
    struct connection *connection = connection_new(fd, fresh);

    if (!connection) {
        close(fd);
        return;
    }
    connection->next = set->first;
    if (connection->next)
        connection->next->previous = connection;
    set->first = connection;
    set->count++;
    /* A web server that does not take its answer may not hold the worker for ever. */
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    /* Edge-triggered: what has been looked at and is not whole yet shall not wake us before more has come. */
    if (!watch(set, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, connection))
        connections_drop(set, connection);
    else if (set->count >= set->count_max)
        accepting_stop(set);
}

bool connections_accept(struct connections *set)
{
    int fd = accept4(set->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0) {
        add(set, fd, true);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log_warning("accept: %s; trying again soon", strerror(errno));
        accepting_stop(set);
        set->accept_again_us = clock_monotonic_us() + ACCEPT_PAUSE_US;
    }
    return false;
}

bool connections_take(struct connections *set)
{
    int fd = handoff_take(&set->handoff);

    if (fd < 0)
        return false;
    add(set, fd, false);
    return true;
}

void connections_drop(struct connections *set, struct connection *connection)
{
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        set->first = connection->next;
    set->count--;
    /*
     * Closing our descriptor alone would leave the socket reporting here for as long as another worker has
     * it: the one it was given to, or still the one that it came from.
     */
    epoll_ctl(set->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    connection_free(connection);
    if (!set->accepting && !set->closed && set->accept_again_us == 0)
        accepting_start(set);
}

/* Whether a connection can go to another worker: whatever has come by it still lies in its socket. */
static bool is_movable(const struct connection *connection)
{
    return !connection->exchange && connection->early.length == 0;
}

static bool give(struct connections *set, struct connection *connection)
{
    if (!handoff_give(&set->handoff, connection->fd))
        return false;
    connections_drop(set, connection);
    return true;
}

void connections_give_all(struct connections *set)
{
    struct connection *next;

    for (struct connection *connection = set->first; connection; connection = next) {
        next = connection->next;
        if (is_movable(connection) && !give(set, connection))
            return;
    }
}

int connections_share(struct connections *set, const struct epoll_event *ready, int count, int idle)
{
    for (; count > 1 && idle > 0; count--, idle--) {
        struct connection *connection = ready[count - 1].data.ptr;

        if (!is_movable(connection) || !give(set, connection))
            break;
    }
    return count;
}

void connections_shut(struct connections *set)
{
    for (struct connection *c = set->first; c; c = c->next)
        if (!c->exchange && c->partial_since_us == 0)
            shutdown(c->fd, SHUT_RD);
}

/* A web server may open a connection long before it has something to send: only at the end is it told to
 * hurry. */
static bool is_late(const struct connections *set, const struct connection *connection, int64_t now_us)
{
    int64_t limit_us = connection->fresh ? FRESH_GRACE_US : set->timeout_s * 1000000;

    if (connection->exchange || connection->partial_since_us == 0 || (connection->fresh && !set->closed))
        return false;
    return now_us - connection->partial_since_us > limit_us;
}

void connections_end_late(struct connections *set)
{
    int64_t now_us = clock_monotonic_us();
    struct connection *next;

    for (struct connection *connection = set->first; connection; connection = next) {
        next = connection->next;
        if (!is_late(set, connection, now_us))
            continue;
        if (!connection->fresh)
            log_warning("a request did not arrive within %lld s, and was dropped", (long long)set->timeout_s);
        connections_drop(set, connection);
    }
}

bool connections_any_partial(const struct connections *set)
{
    for (const struct connection *connection = set->first; connection; connection = connection->next)
        if (connection->partial_since_us && !connection->fresh)
            return true;
    return false;
}
