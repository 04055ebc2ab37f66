/* SPDX-License-Identifier: ISC */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/app.h"
#include "process/connections.h"
#include "process/worker.h"

#define EVENTS          64
#define WAIT_POLL_MS    2 /* how soon a free place in a gate is noticed; its lock cannot be waited for */
#define ENDING_POLL_MS  10
#define PAUSE_POLL_MS   100
#define PARTIAL_POLL_MS 1000
#define SPARE_EXCHANGES 4
#define ANSWER_KEPT     ((size_t)1 << 20) /* bytes of room for answers that stay from one to the next */

/* What a worker is doing about its end. */
enum ending { ENDING_NOT, ENDING_STOP, ENDING_RETIRE };

struct worker {
    const struct config *config;
    struct scoreboard *board;
    int row;
    struct app app;
    struct connections connections;
    int waiting_count[WAIT__MAX]; /* connections whose request waits */
    bool announced;               /* that there are some of WAIT_TURN */
    int postponed_count; /* connections whose request or answer takes long, and waits for the others */
    struct exchange *spare[SPARE_EXCHANGES];
    struct buf answer;
    int signals;
    int64_t served;
    enum ending ending;
};

/* What epoll tells apart from a connection by its address. */
static char tag_signals;

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

/*
 * What a large answer was made of goes back to the system: malloc(3) would keep ten times its size, for each
 * worker that ever gave one.
 */
static void clear_answer(struct buf *answer, struct exchange *exchange)
{
    bool large = answer->size > ANSWER_KEPT;

    buf_clear(answer);
    exchange_end(exchange);
    if (!large)
        return;
    buf_free(answer);
    malloc_trim(0);
}

/* Sends the answer of the connection's exchange, and ends both. */
static void answer(struct worker *worker, struct connection *connection)
{
    struct exchange *exchange = connection->exchange;
    bool usable = false;

    if (!exchange_answer(exchange, &worker->answer))
        usable = connection_answer(connection, &worker->answer, worker->config->stop_timeout);
    else
        log_error("no memory for an answer; the connection was closed");
    connection->exchange = NULL;
    clear_answer(&worker->answer, exchange);
    spare_give(worker, exchange);
    scoreboard_served(worker->board, worker->row);
    worker->served++;
    if (!usable)
        connections_drop(&worker->connections, connection);
}

static void postpone(struct worker *worker, struct connection *connection)
{
    connection->postponed = true;
    worker->postponed_count++;
}

static void let_wait(struct worker *worker, struct connection *connection, enum wait wait)
{
    connection->wait = wait;
    connection->waiting_since_us = clock_monotonic_us();
    worker->waiting_count[wait]++;
}

/* A request has arrived: takes it, and answers it unless it has to wait, or takes long. */
static void take_request(struct worker *worker, struct connection *connection)
{
    const struct body_source body = connection_body(connection);
    enum dispatch found;

    connection->exchange = spare_take(worker);
    if (!connection->exchange || !connection_accept(connection, worker->config->request_timeout)) {
        connections_drop(&worker->connections, connection);
        return;
    }
    found = exchange_begin(connection->exchange, connection->fcgx.envp, &body);
    connection_arrived();
    switch (found) {
    case DISPATCH_HASHES:
        let_wait(worker, connection, WAIT_GATE);
        return;
    case DISPATCH_CHANGES:
        let_wait(worker, connection, WAIT_TURN);
        return;
    case DISPATCH_BODY:
        connection->reads_body = true;
        postpone(worker, connection);
        return;
    case DISPATCH_SLOW:
        postpone(worker, connection);
        return;
    case DISPATCH_READY:
        exchange_run(connection->exchange);
        if (exchange_file_size(connection->exchange) > EXCHANGE_LONG) {
            postpone(worker, connection);
            return;
        }
        break;
    case DISPATCH_ANSWERED:
    default:
        break;
    }
    answer(worker, connection);
}

static void attend(struct worker *worker, struct connection *connection)
{
    if (connection->exchange)
        return; /* its request waits for its turn; the peer's closing is noticed when it is answered */
    switch (connection_look(connection, (size_t)worker->config->max_parameters)) {
    case LOOK_REQUEST:
        take_request(worker, connection);
        return;
    case LOOK_NOTHING:
        return;
    case LOOK_REFUSED:
    case LOOK_CLOSED:
    default:
        connections_drop(&worker->connections, connection);
    }
}

/* Runs a handler that takes long, or has run, and answers; meanwhile others look after the other connections.
 */
static void run_long(struct worker *worker, struct connection *connection)
{
    connections_give_all(&worker->connections);
    if (connection->reads_body)
        connection_arriving(connection, worker->config->request_timeout);
    if (!connection->exchange->has_run)
        exchange_run(connection->exchange);
    if (connection->reads_body)
        connection_arrived();
    connection->reads_body = false;
    answer(worker, connection);
}

static struct connection *longest_waiting(const struct worker *worker, enum wait wait)
{
    struct connection *oldest = NULL;

    for (struct connection *c = worker->connections.first; worker->waiting_count[wait] > 0 && c; c = c->next)
        if (c->waiting_since_us && c->wait == wait &&
            (!oldest || c->waiting_since_us < oldest->waiting_since_us))
            oldest = c;
    return oldest;
}

/* Takes what a request waits for, if that is possible at once. */
static bool take(struct worker *worker, enum wait wait)
{
    return wait == WAIT_GATE ? gate_try(worker->app.gate) : homeserver_turn_try(&worker->app.homeserver);
}

static void give_back(struct worker *worker, enum wait wait)
{
    if (wait == WAIT_GATE)
        gate_leave(worker->app.gate);
    else
        homeserver_turn_end(&worker->app.homeserver);
}

/* The request of a connection waits no more. */
static void end_waiting(struct worker *worker, struct connection *connection)
{
    worker->waiting_count[connection->wait]--;
    scoreboard_waiting(worker->board, worker->row, connection->wait, 0);
    connection->waiting_since_us = 0;
}

/* A gate is waited for as long as it takes, since each hash has an end; a turn as long as a request may wait.
 */
static bool waits_too_long(const struct worker *worker, const struct connection *connection)
{
    return connection->wait == WAIT_TURN &&
           clock_monotonic_us() - connection->waiting_since_us > worker->config->homeserver.wait * 1000000;
}

/*
 * Runs the request that has waited longest, if what it waits for can be had, and if no other worker has one
 * that has waited longer: the queue is one over the whole pool.
 */
static void run_waiting(struct worker *worker, enum wait wait)
{
    struct connection *connection = longest_waiting(worker, wait);

    scoreboard_waiting(worker->board, worker->row, wait, connection ? connection->waiting_since_us : 0);
    if (!connection)
        return;
    if (waits_too_long(worker, connection)) {
        end_waiting(worker, connection);
        exchange_give_up(connection->exchange);
        answer(worker, connection);
    } else if (!scoreboard_waiting_before(worker->board, worker->row, wait, connection->waiting_since_us) &&
               take(worker, wait)) {
        end_waiting(worker, connection);
        run_long(worker, connection);
        give_back(worker, wait);
    }
}

static void announce(struct worker *worker)
{
    bool waiting = worker->waiting_count[WAIT_TURN] > 0;

    if (waiting != worker->announced)
        homeserver_turn_announce(&worker->app.homeserver, waiting);
    worker->announced = waiting;
}

/* Runs the requests that take long. */
static void run_postponed(struct worker *worker)
{
    for (; worker->postponed_count > 0; worker->postponed_count--) {
        struct connection *connection = worker->connections.first;

        while (!connection->postponed)
            connection = connection->next;
        connection->postponed = false;
        run_long(worker, connection);
    }
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
    for (int wait = 0; wait < WAIT__MAX; wait++)
        if (worker->waiting_count[wait] > 0)
            return WAIT_POLL_MS;
    if (worker->ending != ENDING_NOT)
        return ENDING_POLL_MS;
    if (worker->connections.accept_again_us)
        return PAUSE_POLL_MS;
    return connections_any_partial(&worker->connections) ? PARTIAL_POLL_MS : -1;
}

/* Waits for events, attends to those of our own, and moves those of connections to `ready`. */
static int wait_ready(struct worker *worker, struct epoll_event ready[EVENTS])
{
    struct epoll_event events[EVENTS];
    int count, connections = 0;

    scoreboard_idle(worker->board, worker->row, worker->ending == ENDING_NOT);
    count = epoll_wait(worker->connections.epoll, events, EVENTS, patience(worker));
    scoreboard_idle(worker->board, worker->row, false);
    for (int i = 0; i < count; i++) {
        void *tag = events[i].data.ptr;

        if (tag == &tag_signals)
            on_signal(worker);
        else if (tag == &connections_listener)
            connections_accept(&worker->connections);
        else if (tag == &connections_handoff)
            connections_take(&worker->connections);
        else
            ready[connections++] = events[i];
    }
    return connections;
}

static void turn(struct worker *worker)
{
    struct connections *connections = &worker->connections;
    struct epoll_event ready[EVENTS];
    int count = wait_ready(worker, ready);

    if (count > 1)
        count =
            connections_share(connections, ready, count, scoreboard_idle_others(worker->board, worker->row));
    for (int i = 0; i < count; i++)
        attend(worker, ready[i].data.ptr);
    run_postponed(worker);
    for (int wait = 0; wait < WAIT__MAX; wait++)
        run_waiting(worker, (enum wait)wait);
    announce(worker);
    connections_end_late(connections);
    connections_resume(connections);
    if (worker->config->max_requests && worker->served >= worker->config->max_requests &&
        worker->ending == ENDING_NOT)
        worker->ending = ENDING_RETIRE;
}

/*
 * Nobody waits for new connections any more. At a stop, those that have been made are taken in, once: the
 * supervisor has removed the socket's path before, so that all there will ever be are in the queue by now.
 */
static void begin_ending(struct worker *worker)
{
    connections_close(&worker->connections);
    while (worker->ending == ENDING_STOP && connections_accept(&worker->connections))
        ;
}

/* Answers what has been sent by now; nothing more will be read. */
static void last_call(struct worker *worker)
{
    struct connection *next;

    while (connections_take(&worker->connections))
        ;
    connections_shut(&worker->connections);
    for (struct connection *connection = worker->connections.first; connection; connection = next) {
        next = connection->next;
        attend(worker, connection);
    }
}

/* One turn of ending; false when nothing is left to do. */
static bool turn_ending(struct worker *worker)
{
    if (worker->ending == ENDING_RETIRE && worker->connections.handoff.give >= 0)
        connections_give_all(&worker->connections);
    else
        last_call(worker);
    if (!worker->connections.first)
        return false;
    turn(worker);
    return true;
}

static bool signals_open(struct worker *worker)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &tag_signals};
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, WORKER_STOP);
    sigaddset(&set, WORKER_RETIRE);
    sigprocmask(SIG_SETMASK, &set, NULL);
    worker->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return worker->signals >= 0 &&
           epoll_ctl(worker->connections.epoll, EPOLL_CTL_ADD, worker->signals, &event) == 0;
}

static bool worker_open(struct worker *worker)
{
    /* libfcgi installs its own handlers for SIGPIPE and SIGUSR1 unless there are some. */
    signal(SIGPIPE, SIG_IGN);
    if (FCGX_Init() != 0 || app_open(&worker->app, worker->config))
        return false;
    worker->connections.epoll = epoll_create1(EPOLL_CLOEXEC);
    return worker->connections.epoll >= 0 && signals_open(worker) && connections_open(&worker->connections);
}

static void worker_close(struct worker *worker)
{
    worker->connections.closed = true;
    while (worker->connections.first)
        connections_drop(&worker->connections, worker->connections.first);
    for (int i = 0; i < SPARE_EXCHANGES; i++)
        exchange_free(&worker->spare[i]);
    buf_free(&worker->answer);
    app_close(&worker->app);
    if (worker->connections.epoll >= 0)
        close(worker->connections.epoll);
    if (worker->signals >= 0)
        close(worker->signals);
}

int worker_run(const struct config *config, const struct worker_place *place)
{
    struct worker worker = {.config = config,
                            .board = place->board,
                            .row = place->row,
                            .connections = {.epoll = -1,
                                            .listener = place->listener,
                                            .handoff = place->handoff,
                                            .timeout_s = config->request_timeout},
                            .signals = -1};
    bool opened = worker_open(&worker);

    if (opened) {
        scoreboard_ready(place->board, place->row);
        while (worker.ending == ENDING_NOT)
            turn(&worker);
        begin_ending(&worker);
        while (turn_ending(&worker))
            ;
    }
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
