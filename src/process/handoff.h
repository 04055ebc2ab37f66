/* SPDX-License-Identifier: ISC */
/*
 * Connections pass from worker to worker. A web server keeps FastCGI connections open and sends the next
 * request on any of them: a connection that stayed with a worker which is busy for long (hashing, say) would
 * leave its request waiting while other workers are idle. So a worker gives away the connections that it
 * cannot attend to, through a socket pair that the whole pool shares; whoever is idle takes them. What the
 * web server has sent already travels along, in the connection's own buffer: nothing is lost.
 */
#ifndef PROCESS_HANDOFF_H
#define PROCESS_HANDOFF_H

#include <stdbool.h>

#include "base/err.h"

struct handoff {
    int give; /* -1: there is nobody to give to */
    int take; /* readable when there is something to take; to be polled with EPOLLEXCLUSIVE */
};

#define HANDOFF_NONE ((struct handoff){-1, -1})

/* A new pair, for processes forked later. Errors: ERR_IO (logged). */
MUST_CHECK enum err handoff_new(struct handoff *handoff);

/*
 * Gives the connection away: it will be open in whichever worker takes it, too, and the caller closes its own
 * descriptor. False when nobody can take it now; it is still the caller's alone then.
 */
bool handoff_give(const struct handoff *handoff, int connection);

/* Takes a connection; -1 when there is none. */
int handoff_take(const struct handoff *handoff);

#endif
