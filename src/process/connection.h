/* SPDX-License-Identifier: ISC */
/* A FastCGI connection that this worker attends to, and the request that it is at. */
#ifndef PROCESS_CONNECTION_H
#define PROCESS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <fcgiapp.h>

#include "base/buf.h"
#include "http/request.h"
#include "process/arrival.h"
#include "process/exchange.h"
#include "process/scoreboard.h"

struct connection {
    struct connection *next, *previous; /* in the worker's list */
    int fd;
    bool fresh;               /* nothing has come by it yet */
    int64_t partial_since_us; /* since when a request is arriving, or the first one awaited; 0: between two */
    struct buf early;         /* the beginning of a request that comes in pieces, taken from the socket */
    struct arrived arrived;
    FCGX_Request fcgx;
    struct exchange *exchange; /* of the request being worked on; NULL: none */
    enum wait wait;            /* what that waits for */
    int64_t waiting_since_us;  /* and since when; 0: it does not */
    bool postponed;            /* that takes long, and is gone on with when all else has been looked after */
    bool reads_body;           /* its handler reads the body */
};

/* Wraps an accepted, blocking socket; NULL when memory is gone. The caller ends it with connection_free(). */
struct connection *connection_new(int fd, bool fresh);

/* Closes what is open and frees; NULL is allowed. An exchange that is left is freed, too. */
void connection_free(struct connection *connection);

enum look {
    LOOK_NOTHING, /* no request has come, or not all of it */
    LOOK_REQUEST, /* a request is there */
    LOOK_REFUSED, /* it was refused, and the connection is of no more use */
    LOOK_CLOSED   /* the peer has closed, or does not speak FastCGI */
};

/* Looks whether a request has come, without waiting. */
enum look connection_look(struct connection *connection, size_t max_parameters);

/*
 * Has libfcgi take the request whose parameters are there; its variables are connection->fcgx.envp then, and
 * its body is read through `connection_body`. A request that has not arrived wholly within `timeout_s`
 * seconds breaks off. False: the connection is of no more use.
 */
bool connection_accept(struct connection *connection, int64_t timeout_s);

/* The source of the request's body. */
struct body_source connection_body(struct connection *connection);

/* Ends the time limit of connection_accept(): the body has been read, or will not be; or begins it anew, for
 * a body that is read now. */
void connection_arrived(void);
void connection_arriving(const struct connection *connection, int64_t timeout_s);

/*
 * Sends the answer, with the file that belongs to it, and ends the request. The peer has `patience_s` seconds
 * to take some of the file, and not for ever to take all of it. False: the connection is of no more use,
 * because the peer wants it closed (no FCGI_KEEP_CONN), broke off, or has sent more of a body than was read.
 */
bool connection_answer(struct connection *connection, const struct buf *answer, int64_t patience_s);

#endif
