/* SPDX-License-Identifier: ISC */
/* The connections that a worker attends to, and how it comes by them: it accepts them, or other workers give
 * them. */
#ifndef PROCESS_CONNECTIONS_H
#define PROCESS_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "process/connection.h"
#include "process/handoff.h"

struct connections {
    struct connection *first; /* a list */
    int count, count_max;
    int epoll; /* what all is waited on with */
    int listener;
    struct handoff handoff;
    int64_t timeout_s;       /* for a request to arrive, and for an answer to be taken */
    bool accepting;          /* listener and handoff are being waited on */
    bool closed;             /* nothing is accepted any more */
    int64_t accept_again_us; /* when accepting goes on after a pause; 0: it is not paused */
};

/* What an event is about: one of these, or, any other pointer, a connection. */
extern char connections_listener, connections_handoff;

/* Begins to wait for connections; `set` has epoll, listener, handoff and timeout_s. False, logged, if it
 * cannot. */
bool connections_open(struct connections *set);

/* Waits for no more new ones. Those there are stay. */
void connections_close(struct connections *set);

/* Goes on accepting if that had to pause and the pause is over. */
void connections_resume(struct connections *set);

/* Accepts one; takes one that was given. False when there was none. */
bool connections_accept(struct connections *set);
bool connections_take(struct connections *set);

/* Ends a connection. It is no longer valid. */
void connections_drop(struct connections *set, struct connection *connection);

/* Gives all away that can be given, before work that takes long, so that whoever is idle attends to them. */
void connections_give_all(struct connections *set);

/*
 * Gives connections at the end of `ready` to `idle` workers that have nothing to do, all but the first;
 * returns how many are left in `ready`.
 */
int connections_share(struct connections *set, const struct epoll_event *ready, int count, int idle);

/* Says on each connection that no more will be read: what the peer sends from now on fails where it can see
 * that. */
void connections_shut(struct connections *set);

/* Ends those whose request does not arrive in time; once closed, also those that nothing has ever come by. */
void connections_end_late(struct connections *set);

/* Whether any of them has brought a part of a request, so that its time is running. */
bool connections_any_partial(const struct connections *set);

#endif
