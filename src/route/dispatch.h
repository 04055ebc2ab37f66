/* SPDX-License-Identifier: ISC */
/*
 * From a request to an answer: find the row, enforce what it says (method, who may call, size of the body),
 * run its handler. Authorization comes before the body is looked at.
 */
#ifndef ROUTE_DISPATCH_H
#define ROUTE_DISPATCH_H

#include <stdint.h>

#include "handler/call.h"
#include "route/route.h"

/* How far a call has come. */
enum dispatch {
    DISPATCH_ANSWERED, /* call->reply is the answer */
    DISPATCH_READY,    /* the handler can run: dispatch_run() */
    DISPATCH_SLOW,     /* the same, but it may take long */
    DISPATCH_BODY,     /* the same, and it reads the body, for which it may have to wait */
    DISPATCH_HASHES,   /* the same, but it will hash a password: pass the gate first */
    DISPATCH_CHANGES   /* the same, but it will ask the homeserver for changes: take a turn first */
};

/* What dispatch has found out about a call. */
struct dispatched {
    const struct route *route; /* NULL: none */
    int64_t started_us;        /* when it began, on the monotonic clock */
    bool reading;              /* a transaction for reading is open */
    size_t bytes;              /* of the answer, for the access line: set by who has written it */
};

/* Decodes `variables` into `call`, matches, authorizes, reads the body unless the handler does. */
MUST_CHECK enum dispatch dispatch_begin(struct call *call, struct dispatched *dispatched,
                                        char *const *variables);

/* Runs the handler; call->reply is the answer then. */
void dispatch_run(struct call *call, struct dispatched *dispatched);

/* Answers in its place that it was nobody's turn for too long. */
void dispatch_give_up(struct call *call, struct dispatched *dispatched);

/*
 * What is done after the answer is on its way: notes the caller's device as seen, once a minute a device, and
 * only if the database can be written at once; writes the access line.
 */
void dispatch_end(struct call *call, const struct dispatched *dispatched);

#endif
