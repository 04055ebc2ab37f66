/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fastcgi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "http/reply.h"
#include "process/connection.h"

/* More than any web server sends of a body that we have refused; then the connection is closed instead. */
#define DRAIN_MAX     ((size_t)128 << 20)
#define DRAIN_SECONDS 2

#define PIECE_SIZE   65536
#define SLOWEST_RATE 4096 /* bytes a second of a file; who takes fewer in the long run is broken off */

/*
 * The socket whose reading ends when the time is up. libfcgi reads blockingly and knows no time limit, so a
 * signal ends the read from outside: shutdown(2) may be called from a handler, and makes the read return 0.
 */
static volatile sig_atomic_t limited_fd = -1;

static void on_alarm(int number)
{
    int saved = errno;

    (void)number;
    if (limited_fd >= 0)
        shutdown(limited_fd, SHUT_RD);
    errno = saved;
}

static void limit_set(int fd, int64_t timeout_s)
{
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    const struct itimerval timer = {.it_value = {.tv_sec = timeout_s}};

    limited_fd = fd;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

static void limit_clear(void)
{
    if (limited_fd < 0)
        return;
    setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL);
    limited_fd = -1;
}

struct connection *connection_new(int fd, bool fresh)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (!connection)
        return NULL;
    connection->fd = fd;
    connection->fresh = fresh;
    connection->partial_since_us = fresh ? clock_monotonic_us() : 0;
    /* -1: should libfcgi ever want to accept by itself, it fails at once instead of waiting. */
    FCGX_InitRequest(&connection->fcgx, -1, 0);
    return connection;
}

/* Gives back what libfcgi holds for the request; the socket stays ours. */
static void release(struct connection *connection)
{
    connection->fcgx.ipcFd = -1;
    FCGX_Free(&connection->fcgx, 0);
}

void connection_free(struct connection *connection)
{
    if (!connection)
        return;
    exchange_free(&connection->exchange);
    buf_free(&connection->early);
    release(connection);
    if (connection->fd >= 0)
        close(connection->fd);
    free(connection);
}

/* One FastCGI record (FastCGI 1.0 section 3.3) of at most 65535 bytes. */
static void put_record(struct buf *out, int type, unsigned request_id, const void *content, size_t size)
{
    const unsigned char header[FCGI_HEADER_LEN] = {FCGI_VERSION_1,
                                                   (unsigned char)type,
                                                   (unsigned char)(request_id >> 8),
                                                   (unsigned char)request_id,
                                                   (unsigned char)(size >> 8),
                                                   (unsigned char)size};

    buf_append(out, header, sizeof header);
    buf_append(out, content, size);
}

/* Answers a request that libfcgi is not let at: its parameters are too large to be read. */
static void refuse(const struct connection *connection)
{
    const FCGI_EndRequestBody end = {.protocolStatus = FCGI_REQUEST_COMPLETE};
    struct reply reply = {0};
    struct buf answer = {0}, records = {0};

    reply_error(&reply, API_HEADERS_TOO_LARGE, NULL);
    if (!reply_write(&reply, "", false, &answer)) {
        put_record(&records, FCGI_STDOUT, connection->arrived.request_id, answer.data, answer.length);
        put_record(&records, FCGI_STDOUT, connection->arrived.request_id, NULL, 0);
        put_record(&records, FCGI_END_REQUEST, connection->arrived.request_id, &end, sizeof end);
        if (!records.err)
            (void)!send(connection->fd, records.data, records.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    log_warning("a request with parameters beyond max_parameters was refused");
    buf_free(&records);
    buf_free(&answer);
    reply_free(&reply);
}

/* What came of a look at everything that is there of the request so far. */
static enum look judge(struct connection *connection, enum arrival arrival)
{
    switch (arrival) {
    case ARRIVAL_READY:
        connection->partial_since_us = 0;
        return LOOK_REQUEST;
    case ARRIVAL_PARTIAL:
        if (connection->partial_since_us == 0)
            connection->partial_since_us = clock_monotonic_us();
        return LOOK_NOTHING;
    case ARRIVAL_TOO_LARGE:
        refuse(connection);
        return LOOK_REFUSED;
    case ARRIVAL_FOREIGN:
    default:
        log_warning("a connection does not speak FastCGI 1.0, and was closed");
        return LOOK_CLOSED;
    }
}

/*
 * A request that comes in pieces is taken from the socket piece by piece: left there, many small pieces would
 * fill the peer's send buffer (a byte counts as a page there), and the rest would never come. Of the piece
 * that completes the parameters only what belongs to them is taken; the body is for libfcgi to read.
 */
static enum arrival take_piece(struct connection *connection, unsigned char *piece, size_t size,
                               size_t max_parameters)
{
    size_t before = connection->early.length;
    enum arrival arrival;

    buf_append(&connection->early, piece, size);
    if (connection->early.err)
        return ARRIVAL_FOREIGN;
    arrival = arrival_look((const unsigned char *)connection->early.data, connection->early.length,
                           max_parameters, &connection->arrived);
    if (arrival == ARRIVAL_READY) {
        if (connection->arrived.end <= before)
            return ARRIVAL_FOREIGN; /* a question about the application, in pieces: nobody asks like that */
        size = connection->arrived.end - before;
        connection->early.length = connection->arrived.end;
    }
    return recv(connection->fd, piece, size, MSG_DONTWAIT) == (ssize_t)size ? arrival : ARRIVAL_FOREIGN;
}

enum look connection_look(struct connection *connection, size_t max_parameters)
{
    /* Room for the records' headers and padding beside the parameters; pages that are not needed are not
     * touched. */
    static unsigned char bytes[2 * CONFIG_PARAMETERS_MAX];
    ssize_t size = recv(connection->fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
    enum arrival arrival = ARRIVAL_PARTIAL;

    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return LOOK_NOTHING;
    if (size <= 0)
        return LOOK_CLOSED;
    connection->fresh = false;
    /* Nearly always the whole request is there at once, and stays where it is until libfcgi reads it. */
    if (connection->early.length == 0)
        arrival = arrival_look(bytes, (size_t)size, max_parameters, &connection->arrived);
    if (arrival == ARRIVAL_PARTIAL)
        arrival = take_piece(connection, bytes, (size_t)size, max_parameters);
    return judge(connection, arrival);
}

/* A file that has the beginning of the request, for libfcgi to read it from; -1 when there cannot be one. */
static int early_file(const struct connection *connection)
{
    int fd = memfd_create("request", MFD_CLOEXEC);

    if (fd >= 0 &&
        (write(fd, connection->early.data, connection->early.length) != (ssize_t)connection->early.length ||
         lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

bool connection_accept(struct connection *connection, int64_t timeout_s)
{
    FCGX_Request *fcgx = &connection->fcgx;
    int fd = connection->early.length > 0 ? early_file(connection) : connection->fd;

    if (fd < 0)
        return false;
    if (!connection->arrived.whole)
        limit_set(connection->fd, timeout_s);
    /*
     * libfcgi would accept and then stay with the connection until it is closed. A worker attends to many, so
     * it is told that it has this one already, from an earlier request on it; that is what these two members
     * mean.
     */
    fcgx->ipcFd = fd;
    fcgx->keepConnection = 1;
    FCGX_Detach(fcgx); /* else it would wait, when closing, up to two seconds for the peer to close first */
    if (FCGX_Accept_r(fcgx) < 0) { /* it has closed the descriptor */
        limit_clear();
        if (fd == connection->fd)
            connection->fd = -1;
        return false;
    }
    if (fd != connection->fd) {
        close(fd);
        fcgx->ipcFd = connection->fd;
        buf_free(&connection->early);
    }
    return true;
}

void connection_arrived(void)
{
    limit_clear();
}

void connection_arriving(const struct connection *connection, int64_t timeout_s)
{
    if (!connection->arrived.whole)
        limit_set(connection->fd, timeout_s);
}

static long read_body(void *context, char *bytes, size_t size)
{
    struct connection *connection = context;
    FCGX_Stream *in = connection->fcgx.in;
    int count = FCGX_GetStr(bytes, (int)size, in);

    if (count > 0)
        return count;
    return FCGX_GetError(in) ? -1 : 0;
}

struct body_source connection_body(struct connection *connection)
{
    return (struct body_source){.read = read_body, .context = connection};
}

/* Reads what is left of the body, so that the next request begins where it should. False: it is too much. */
static bool drain(FCGX_Stream *in)
{
    char bytes[4096];
    size_t total = 0;
    int count;

    while ((count = FCGX_GetStr(bytes, sizeof bytes, in)) > 0) {
        total += (size_t)count;
        if (total > DRAIN_MAX)
            return false;
    }
    return FCGX_GetError(in) == 0;
}

/* Sends the file piece by piece. A peer that does not take it in time makes the writing fail. */
static bool send_file(struct connection *connection, int64_t patience_s)
{
    const struct timeval patience = {.tv_sec = patience_s};
    const int64_t seconds = patience_s + exchange_file_size(connection->exchange) / SLOWEST_RATE;
    const int64_t end_ms = clock_monotonic_ms() + seconds * 1000;
    char piece[PIECE_SIZE];
    long size;

    setsockopt(connection->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    while ((size = exchange_next(connection->exchange, piece, sizeof piece)) > 0)
        if (FCGX_PutStr(piece, (int)size, connection->fcgx.out) != size || clock_monotonic_ms() > end_ms) {
            log_warning("a file was not taken in time, and its connection was closed");
            return false;
        }
    return size == 0;
}

bool connection_answer(struct connection *connection, const struct buf *answer, int64_t patience_s)
{
    FCGX_Request *fcgx = &connection->fcgx;
    bool sent = FCGX_PutStr(answer->data, (int)answer->length, fcgx->out) == (int)answer->length;
    bool usable;

    if (sent && exchange_file_size(connection->exchange) > 0)
        sent = send_file(connection, patience_s);
    /* The answer first: who sends a body that is too large may be waiting for it, and not be sending on. */
    if (!connection->arrived.whole) {
        sent = FCGX_FFlush(fcgx->out) == 0 && sent;
        limit_set(connection->fd, DRAIN_SECONDS);
    }
    usable = drain(fcgx->in) && sent && fcgx->keepConnection;
    limit_clear();
    /* What FCGX_Finish_r() does, but for closing the socket: it is watched, and whoever watches it closes it.
     */
    usable = FCGX_FClose(fcgx->err) == 0 && usable;
    usable = FCGX_FClose(fcgx->out) == 0 && usable;
    release(connection);
    return usable;
}
