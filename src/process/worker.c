/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/connection.h"
#include "process/exchange.h"
#include "process/worker.h"

#define EVENTS          64
#define GATE_POLL_MS    2   /* how soon a free place in the gate is noticed; its lock cannot be waited for */
#define ACCEPT_PAUSE_MS 100 /* without a free descriptor there is no use in trying again at once */
#define FRESH_GRACE_US                                                                                       \
    200000                   /* at a stop: how long a connection may have been open without its first byte   \
                              */
#define DESCRIPTORS_OTHER 32 /* what the process needs beside its connections */
#define SPARE_EXCHANGES   4

/* What a worker is doing about its end. */
enum ending { ENDING_NOT, ENDING_STOP, ENDING_RETIRE };

struct worker {
    const struct config *config;
    struct worker_place place;
    struct app app;
    struct connection *connections; /* a list */
    int connection_count, connection_max;
    int waiting_count; /* connections whose request waits for the gate */
    struct exchange *spare[SPARE_EXCHANGES];
    struct buf answer;
    int epoll, signals;
    bool accepting;          /* the listening socket and the handoff are being waited on */
    int64_t accept_again_us; /* when accepting goes on after a pause; 0: it is not paused */
    int64_t served;
    enum ending ending;
};

/* What epoll tells apart from a connection by its address. */
static char tag_listener, tag_handoff, tag_signals;

static bool watch(struct worker *worker, int fd, uint32_t events, void *tag)
{
    struct epoll_event event = {.events = events, .data.ptr = tag};

    if (fd < 0)
        return true;
    if (epoll_ctl(worker->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        log_error("epoll: %s", strerror(errno));
        return false;
    }
    return true;
}

/* Exclusive: one new connection wakes one idle worker, not all of them. */
static bool accepting_start(struct worker *worker)
{
    worker->accepting = watch(worker, worker->place.listener, EPOLLIN | EPOLLEXCLUSIVE, &tag_listener) &&
                        watch(worker, worker->place.handoff.take, EPOLLIN | EPOLLEXCLUSIVE, &tag_handoff);
    worker->accept_again_us = 0;
    return worker->accepting;
}

static void accepting_stop(struct worker *worker)
{
    if (!worker->accepting)
        return;
    epoll_ctl(worker->epoll, EPOLL_CTL_DEL, worker->place.listener, NULL);
    if (worker->place.handoff.take >= 0)
        epoll_ctl(worker->epoll, EPOLL_CTL_DEL, worker->place.handoff.take, NULL);
    worker->accepting = false;
}

static struct exchange *spare_take(struct worker *worker)
{
    for (int i = 0; i < SPARE_EXCHANGES; i++) {
        struct exchange *exchange = worker->spare[i];

        worker->spare[i] = NULL;
        if (exchange)
            return exchange;
    }
    return exchange_new(&worker->app);
}

static void spare_give(struct worker *worker, struct exchange *exchange)
{
    for (int i = 0; i < SPARE_EXCHANGES; i++)
        if (!worker->spare[i]) {
            worker->spare[i] = exchange;
            return;
        }
    exchange_free(&exchange);
}

static void list_add(struct worker *worker, struct connection *connection)
{
    connection->next = worker->connections;
    if (connection->next)
        connection->next->previous = connection;
    worker->connections = connection;
    worker->connection_count++;
}

/* Takes a connection out of the worker's hands, closes what it holds, and frees it. */
static void drop(struct worker *worker, struct connection *connection)
{
    if (connection->next)
        connection->next->previous = connection->previous;
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        worker->connections = connection->next;
    worker->connection_count--;
    connection_free(connection);
    if (!worker->accepting && worker->ending == ENDING_NOT && worker->accept_again_us == 0)
        accepting_start(worker);
}

/* Whether a connection can go to another worker: whatever has come by it still lies in its socket. */
static bool is_movable(const struct connection *connection)
{
    return !connection->exchange && connection->early.length == 0;
}

static bool give_away(struct worker *worker, struct connection *connection)
{
    if (!handoff_give(&worker->place.handoff, connection->fd))
        return false;
    /* The socket lives on elsewhere; closing our descriptor alone would leave it reporting here. */
    epoll_ctl(worker->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    drop(worker, connection);
    return true;
}

/* Before work that takes long: whoever is idle shall attend to the other connections. */
static void give_all_away(struct worker *worker)
{
    struct connection *next;

    if (worker->place.handoff.give < 0)
        return;
    for (struct connection *connection = worker->connections; connection; connection = next) {
        next = connection->next;
        if (is_movable(connection) && !give_away(worker, connection))
            return;
    }
}

static void add_connection(struct worker *worker, int fd, bool fresh)
{
    const struct timeval timeout = {.tv_sec = worker->config->request_timeout};
    struct connection *connection = connection_new(fd, fresh);

    if (!connection) {
        close(fd);
        return;
    }
    list_add(worker, connection);
    /* A web server that does not take its answer may not hold the worker for ever. */
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    /* Edge-triggered: what has been looked at and is not whole yet shall not wake us again until more comes.
     */
    if (!watch(worker, fd, EPOLLIN | EPOLLRDHUP | EPOLLET, connection))
        drop(worker, connection);
    else if (worker->connection_count >= worker->connection_max)
        accepting_stop(worker);
}

/* True when there was a connection to accept. */
static bool accept_one(struct worker *worker)
{
    int fd = accept4(worker->place.listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0) {
        add_connection(worker, fd, true);
        return true;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        log_warning("accept: %s; trying again in %d ms", strerror(errno), ACCEPT_PAUSE_MS);
        accepting_stop(worker);
        worker->accept_again_us = clock_monotonic_us() + ACCEPT_PAUSE_MS * 1000;
    }
    return false;
}

static bool take_one(struct worker *worker)
{
    int fd = handoff_take(&worker->place.handoff);

    if (fd < 0)
        return false;
    add_connection(worker, fd, false);
    return true;
}

/* Sends the answer of the connection's exchange, and ends both. */
static void answer(struct worker *worker, struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    bool usable = false;

    if (!exchange_answer(exchange, &worker->answer))
        usable = connection_answer(connection, &worker->answer);
    else
        log_error("no memory for an answer; the connection was closed");
    buf_clear(&worker->answer);
    connection->exchange = NULL;
    exchange_end(exchange);
    spare_give(worker, exchange);
    scoreboard_served(worker->place.board, worker->place.row);
    worker->served++;
    if (!usable)
        drop(worker, connection);
}

/* A request has arrived: takes it, and answers it unless it has to wait for the gate. */
static void take_request(struct worker *worker, struct connection *connection)
{
    const struct body_source body = connection_body(connection);
    enum dispatch found;

    connection->exchange = spare_take(worker);
    if (!connection->exchange || !connection_accept(connection, worker->config->request_timeout)) {
        drop(worker, connection);
        return;
    }
    found = exchange_begin(connection->exchange, connection->fcgx.envp, &body);
    connection_arrived();
    if (found == DISPATCH_HASHES) {
        connection->waiting_since_us = clock_monotonic_us();
        worker->waiting_count++;
        log_request_id(NULL);
        return;
    }
    if (found == DISPATCH_READY)
        exchange_run(connection->exchange);
    answer(worker, connection);
}

static void attend(struct worker *worker, struct connection *connection)
{
    if (connection->exchange)
        return; /* its request waits for the gate; the peer's closing is noticed when it is answered */
    switch (connection_look(connection, (size_t)worker->config->max_parameters)) {
    case LOOK_REQUEST:
        take_request(worker, connection);
        return;
    case LOOK_NOTHING:
        return;
    case LOOK_REFUSED:
    case LOOK_CLOSED:
    default:
        drop(worker, connection);
    }
}

static struct connection *longest_waiting(const struct worker *worker)
{
    struct connection *oldest = NULL;

    for (struct connection *c = worker->connections; worker->waiting_count > 0 && c; c = c->next)
        if (c->waiting_since_us && (!oldest || c->waiting_since_us < oldest->waiting_since_us))
            oldest = c;
    return oldest;
}

/*
 * Lets the request that has waited longest through the gate, if there is a place, and if no other worker has
 * one that has waited longer: the queue is one over the whole pool.
 */
static void pass_gate(struct worker *worker)
{
    struct connection *connection = longest_waiting(worker);
    struct scoreboard *board = worker->place.board;
    int row = worker->place.row;

    scoreboard_waiting(board, row, connection ? connection->waiting_since_us : 0);
    if (!connection || scoreboard_waiting_before(board, row, connection->waiting_since_us) ||
        !gate_try(worker->app.gate))
        return;
    connection->waiting_since_us = 0;
    worker->waiting_count--;
    scoreboard_waiting(board, row, 0);
    give_all_away(worker);
    exchange_run(connection->exchange);
    gate_leave(worker->app.gate);
    answer(worker, connection);
}

/* Closes connections whose request does not arrive in time; at a stop, also those that nothing has come by.
 */
static void end_late(struct worker *worker)
{
    int64_t now = clock_monotonic_us(), limit = worker->config->request_timeout * 1000000;
    struct connection *next;

    for (struct connection *c = worker->connections; c; c = next) {
        int64_t since = c->partial_since_us;

        next = c->next;
        if (c->exchange || since == 0)
            continue;
        /* A web server may open a connection long before it has something to send. */
        if (c->fresh ? worker->ending != ENDING_NOT && now - since > FRESH_GRACE_US : now - since > limit) {
            if (!c->fresh)
                log_warning("a request did not arrive within %lld s, and was dropped",
                            (long long)worker->config->request_timeout);
            drop(worker, c);
        }
    }
}

/* Gives ready connections beyond the first to workers that have nothing to do. */
static int share(struct worker *worker, const struct epoll_event *events, int count)
{
    int idle = count > 1 ? scoreboard_idle_others(worker->place.board, worker->place.row) : 0;

    while (count > 1 && idle-- > 0) {
        struct connection *connection = events[count - 1].data.ptr;

        if (!is_movable(connection) || !give_away(worker, connection))
            break;
        count--;
    }
    return count;
}

static void on_signal(struct worker *worker)
{
    struct signalfd_siginfo info;

    while (read(worker->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == (uint32_t)WORKER_STOP)
            worker->ending = ENDING_STOP;
        else if (info.ssi_signo == (uint32_t)WORKER_RETIRE && worker->ending == ENDING_NOT)
            worker->ending = ENDING_RETIRE;
    }
}

/* How long to wait for something to happen, in ms; -1: until it does. */
static int patience(const struct worker *worker)
{
    if (worker->waiting_count > 0)
        return GATE_POLL_MS;
    if (worker->ending != ENDING_NOT)
        return 10;
    if (worker->accept_again_us)
        return ACCEPT_PAUSE_MS;
    for (const struct connection *c = worker->connections; c; c = c->next)
        if (c->partial_since_us && !c->fresh)
            return 1000;
    return -1;
}

/* Waits for events, and moves those of connections to the front of `ready`. */
static int wait_ready(struct worker *worker, struct epoll_event ready[EVENTS])
{
    struct epoll_event events[EVENTS];
    int wait_ms = patience(worker), count, connections = 0;

    scoreboard_idle(worker->place.board, worker->place.row, wait_ms != 0 && worker->ending == ENDING_NOT);
    count = epoll_wait(worker->epoll, events, EVENTS, wait_ms);
    scoreboard_idle(worker->place.board, worker->place.row, false);
    for (int i = 0; i < count; i++) {
        void *tag = events[i].data.ptr;

        if (tag == &tag_signals)
            on_signal(worker);
        else if (tag == &tag_listener)
            accept_one(worker);
        else if (tag == &tag_handoff)
            take_one(worker);
        else
            ready[connections++] = events[i];
    }
    return connections;
}

static void turn(struct worker *worker)
{
    struct epoll_event ready[EVENTS];
    int count = share(worker, ready, wait_ready(worker, ready));

    for (int i = 0; i < count; i++)
        attend(worker, ready[i].data.ptr);
    pass_gate(worker);
    end_late(worker);
    if (worker->accept_again_us && clock_monotonic_us() >= worker->accept_again_us)
        accepting_start(worker);
    if (worker->config->max_requests && worker->served >= worker->config->max_requests &&
        worker->ending == ENDING_NOT)
        worker->ending = ENDING_RETIRE;
}

/*
 * Says on each connection that no more will be read: what the web server has sent by now is answered, and
 * what it sends from now on fails at its end, where it can see that.
 */
static void last_call(struct worker *worker)
{
    struct connection *next;

    while (take_one(worker))
        ;
    for (struct connection *c = worker->connections; c; c = next) {
        next = c->next;
        if (c->exchange)
            continue;
        if (!c->fresh && c->partial_since_us == 0)
            shutdown(c->fd, SHUT_RD);
        attend(worker, c);
    }
}

/* One turn of ending; false when nothing is left to do. */
static bool turn_ending(struct worker *worker)
{
    if (worker->ending == ENDING_RETIRE && worker->place.handoff.give >= 0)
        give_all_away(worker);
    else
        last_call(worker);
    if (!worker->connections)
        return false;
    turn(worker);
    return true;
}

/*
 * Nobody waits for new connections any more. At a stop, those that have been made are taken in, once: the
 * supervisor has removed the socket's path before, so that all there will ever be are in the queue by now.
 */
static void begin_ending(struct worker *worker)
{
    accepting_stop(worker);
    while (worker->ending == ENDING_STOP && accept_one(worker))
        ;
}

static bool signals_open(struct worker *worker)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, WORKER_STOP);
    sigaddset(&set, WORKER_RETIRE);
    sigprocmask(SIG_SETMASK, &set, NULL);
    worker->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return watch(worker, worker->signals, EPOLLIN, &tag_signals) && worker->signals >= 0;
}

static bool worker_open(struct worker *worker)
{
    struct rlimit files;

    /* libfcgi installs its own handlers for SIGPIPE and SIGUSR1 unless there are some. */
    signal(SIGPIPE, SIG_IGN);
    if (FCGX_Init() != 0 || app_open(&worker->app, worker->config))
        return false;
    getrlimit(RLIMIT_NOFILE, &files);
    worker->connection_max = (int)(files.rlim_cur < 65536 ? files.rlim_cur : 65536) - DESCRIPTORS_OTHER;
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    return worker->epoll >= 0 && signals_open(worker) && accepting_start(worker);
}

static void worker_close(struct worker *worker)
{
    while (worker->connections)
        drop(worker, worker->connections);
    for (int i = 0; i < SPARE_EXCHANGES; i++)
        exchange_free(&worker->spare[i]);
    buf_free(&worker->answer);
    app_close(&worker->app);
    if (worker->epoll >= 0)
        close(worker->epoll);
    if (worker->signals >= 0)
        close(worker->signals);
}

int worker_run(const struct config *config, const struct worker_place *place)
{
    struct worker worker = {.config = config, .place = *place, .epoll = -1, .signals = -1};
    bool opened = worker_open(&worker);

    if (opened) {
        scoreboard_ready(place->board, place->row);
        while (worker.ending == ENDING_NOT)
            turn(&worker);
        begin_ending(&worker);
        while (turn_ending(&worker))
            ;
    }
    worker.ending = ENDING_STOP;
    worker_close(&worker);
    return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}

int worker_main(const char *config_path)
{
    struct worker_place place = {.listener = STDIN_FILENO, .handoff = HANDOFF_NONE};
    struct config *config = NULL;
    int status = EXIT_FAILURE, flags = fcntl(STDIN_FILENO, F_GETFL);

    if (config_read(config_path, &config, stderr))
        goto out;
    log_open(config->log.target, config->log.format, config->log.level);
    if (flags < 0 || fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) < 0 || scoreboard_new(&place.board))
        goto out;
    status = worker_run(config, &place);
out:
    config_free(&config);
    return status;
}
