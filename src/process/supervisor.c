/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "process/app.h"
#include "process/listener.h"
#include "process/notify.h"
#include "process/privileges.h"
#include "process/reload.h"
#include "process/runner.h"
#include "process/supervisor.h"
#include "process/worker.h"

#define BACKOFF_FIRST_MS 10
#define BACKOFF_LAST_MS  5000
#define YOUNG_MS         1000 /* a worker that dies before this age, and before its first answer, died young */
#define READY_POLL_MS    10
#define READY_WAIT_MS    5000 /* how long old workers wait for a new one before they retire all the same */

#define RUNNER_ROW (SCOREBOARD_ROWS - 1) /* the job runner's, which is never ready for requests */

/* One process; its index in the table is its row on the scoreboard. */
struct slot {
    pid_t pid;           /* 0: none is running */
    bool wanted;         /* shall be running */
    bool retiring;       /* has been told to end, and is not replaced */
    int64_t started_ms;  /* monotonic */
    int64_t start_at_ms; /* when it may be started, after a death */
    int young_deaths;    /* in a row */
};

struct supervisor {
    const char *config_path;
    struct config *config;
    struct listener listener;
    struct handoff handoff;
    struct scoreboard *board;
    struct slot slots[SCOREBOARD_ROWS];
    sigset_t signals;     /* that are waited for */
    int64_t retire_at_ms; /* when old workers retire even if no new one is ready; 0: there are none */
    bool stopping;
    int64_t stop_at_ms; /* when what is still running is killed */
    bool killed;        /* a worker had to be killed at the end */
};

static const int waited_signals[] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT};

static const char *role(int row)
{
    return row == RUNNER_ROW ? "job runner" : "worker";
}

/* Runs in the child. */
static _Noreturn void become_worker(const struct supervisor *supervisor, int row, pid_t parent)
{
    const struct worker_place place = {.listener = supervisor->listener.fd,
                                       .handoff = supervisor->handoff,
                                       .board = supervisor->board,
                                       .row = row};

    /* What a terminal sends to the whole group is for the supervisor, which tells the workers what to do. */
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    /* A worker does not outlive its supervisor; if that has died before this line, no signal will come. */
    prctl(PR_SET_PDEATHSIG, WORKER_STOP);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    if (row == RUNNER_ROW) {
        /* It takes no connection, and none may wait for it. */
        close(place.listener);
        close(place.handoff.give);
        close(place.handoff.take);
        exit(runner_run(supervisor->config));
    }
    exit(worker_run(supervisor->config, &place));
}

static void start(struct supervisor *supervisor, int row)
{
    struct slot *slot = &supervisor->slots[row];
    pid_t parent = getpid(), pid;

    scoreboard_wipe(supervisor->board, row);
    pid = fork();
    if (pid == 0)
        become_worker(supervisor, row, parent);
    slot->started_ms = clock_monotonic_ms();
    if (pid < 0) {
        log_error("no process for a %s: %s", role(row), strerror(errno));
        slot->start_at_ms = slot->started_ms + YOUNG_MS;
        return;
    }
    slot->pid = pid;
}

static void start_due(struct supervisor *supervisor)
{
    int64_t now = clock_monotonic_ms();

    for (int row = 0; row < SCOREBOARD_ROWS; row++) {
        struct slot *slot = &supervisor->slots[row];

        if (slot->wanted && slot->pid == 0 && slot->start_at_ms <= now)
            start(supervisor, row);
    }
}

/* Gives `count` workers a place; the table is so large that old and new ones fit beside each other. */
static void want_workers(struct supervisor *supervisor, int count)
{
    for (int row = 0; row < RUNNER_ROW && count > 0; row++) {
        struct slot *slot = &supervisor->slots[row];

        if (slot->pid == 0 && !slot->wanted) {
            *slot = (struct slot){.wanted = true};
            count--;
        }
    }
}

static void log_death(int row, pid_t pid, int status, const char *consequence)
{
    if (WIFSIGNALED(status))
        log_warning("%s %d was killed by signal %d (%s); %s", role(row), (int)pid, WTERMSIG(status),
                    strsignal(WTERMSIG(status)), consequence);
    else
        log_warning("%s %d ended with status %d; %s", role(row), (int)pid, WEXITSTATUS(status), consequence);
}

/* When to start a worker again: at once, unless it keeps dying before it has answered anything. */
static int64_t backoff_ms(struct slot *slot, uint64_t served, int64_t now)
{
    int64_t delay = BACKOFF_FIRST_MS;

    if (served > 0 || now - slot->started_ms >= YOUNG_MS) {
        slot->young_deaths = 0;
        return 0;
    }
    if (slot->young_deaths++ == 0)
        return 0;
    for (int i = 2; i < slot->young_deaths && delay < BACKOFF_LAST_MS; i++)
        delay *= 2;
    return delay < BACKOFF_LAST_MS ? delay : BACKOFF_LAST_MS;
}

/* A worker has died in disorder: says so, and returns when it is to be replaced, in ms from now. */
static int64_t disorder(const struct supervisor *supervisor, struct slot *slot, int row, int status,
                        int64_t now)
{
    int64_t delay = backoff_ms(slot, scoreboard_served_count(supervisor->board, row), now);

    if (slot->retiring || supervisor->stopping)
        log_death(row, slot->pid, status, "it was to end");
    else
        log_death(row, slot->pid, status, delay ? "it is replaced after a while" : "it is replaced at once");
    return delay;
}

static void buried(struct supervisor *supervisor, pid_t pid, int status)
{
    bool orderly = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
    int64_t now = clock_monotonic_ms();

    for (int row = 0; row < SCOREBOARD_ROWS; row++) {
        struct slot *slot = &supervisor->slots[row];

        if (slot->pid != pid)
            continue;
        slot->start_at_ms = orderly ? now : now + disorder(supervisor, slot, row, status, now);
        slot->pid = 0;
        if (slot->retiring || supervisor->stopping)
            slot->wanted = false;
        scoreboard_wipe(supervisor->board, row);
    }
}

static void bury(struct supervisor *supervisor)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        buried(supervisor, pid, status);
}

static int signal_workers(const struct supervisor *supervisor, int number, bool retiring_only)
{
    int count = 0;

    for (int row = 0; row < SCOREBOARD_ROWS; row++) {
        const struct slot *slot = &supervisor->slots[row];

        if (slot->pid > 0 && (!retiring_only || slot->retiring)) {
            kill(slot->pid, number);
            count++;
        }
    }
    return count;
}

static void reload(struct supervisor *supervisor)
{
    struct config *config;

    if (reload_config(supervisor->config_path, &config)) {
        notify("READY=1");
        return;
    }
    if (strcmp(config->listen, supervisor->config->listen) != 0)
        log_warning("a new value of listen takes effect when the service is started again");
    config_free(&supervisor->config);
    supervisor->config = config;
    log_open(config->log.target, config->log.format, config->log.level);
    for (int row = 0; row < RUNNER_ROW; row++) {
        supervisor->slots[row].retiring = supervisor->slots[row].pid > 0;
        supervisor->slots[row].wanted = false;
    }
    /* The runner ends after its batch, and the next one has the new configuration: nobody waits meanwhile. */
    if (supervisor->slots[RUNNER_ROW].pid > 0)
        kill(supervisor->slots[RUNNER_ROW].pid, WORKER_RETIRE);
    want_workers(supervisor, config_workers(config));
    supervisor->retire_at_ms = clock_monotonic_ms() + READY_WAIT_MS;
    notify("READY=1");
}

/* Old workers go when a new one is ready to take their connections. */
static void retire_old(struct supervisor *supervisor)
{
    bool ready = clock_monotonic_ms() >= supervisor->retire_at_ms;

    for (int row = 0; row < SCOREBOARD_ROWS && !ready; row++)
        ready = supervisor->slots[row].wanted && scoreboard_is_ready(supervisor->board, row);
    if (!ready)
        return;
    signal_workers(supervisor, WORKER_RETIRE, true);
    supervisor->retire_at_ms = 0;
}

static void stop(struct supervisor *supervisor)
{
    if (supervisor->stopping)
        return;
    log_info("stopping");
    notify("STOPPING=1");
    supervisor->stopping = true;
    supervisor->stop_at_ms = clock_monotonic_ms() + supervisor->config->stop_timeout * 1000;
    /* First nobody can connect any more; then the workers are told. What has connected by now is answered. */
    listener_unlink(&supervisor->listener);
    for (int row = 0; row < SCOREBOARD_ROWS; row++)
        supervisor->slots[row].wanted = false;
    signal_workers(supervisor, WORKER_STOP, false);
}

/* How long to wait for a signal, in ms. */
static int64_t patience(const struct supervisor *supervisor)
{
    int64_t now = clock_monotonic_ms(), wait = 60000;

    if (supervisor->retire_at_ms)
        return READY_POLL_MS;
    if (supervisor->stopping)
        return supervisor->stop_at_ms > now ? supervisor->stop_at_ms - now : READY_POLL_MS;
    for (int row = 0; row < SCOREBOARD_ROWS; row++) {
        const struct slot *slot = &supervisor->slots[row];

        if (slot->wanted && slot->pid == 0 && slot->start_at_ms - now < wait)
            wait = slot->start_at_ms > now ? slot->start_at_ms - now : 0;
    }
    return wait;
}

static void wait_signal(struct supervisor *supervisor)
{
    int64_t wait = patience(supervisor);
    const struct timespec timeout = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000};

    switch (sigtimedwait(&supervisor->signals, NULL, &timeout)) {
    case SIGHUP:
        if (!supervisor->stopping)
            reload(supervisor);
        break;
    case SIGTERM:
    case SIGINT:
        stop(supervisor);
        break;
    default: /* a child, or the time is up: both are looked after in any case */
        break;
    }
    bury(supervisor);
}

static void supervise(struct supervisor *supervisor)
{
    while (!supervisor->stopping) {
        start_due(supervisor);
        if (supervisor->retire_at_ms)
            retire_old(supervisor);
        wait_signal(supervisor);
    }
    while (signal_workers(supervisor, 0, false) > 0) {
        if (clock_monotonic_ms() >= supervisor->stop_at_ms) {
            log_warning("not all requests were answered within stop_timeout");
            signal_workers(supervisor, SIGKILL, false);
            supervisor->killed = true;
        }
        wait_signal(supervisor);
    }
}

static enum err supervisor_open(struct supervisor *supervisor)
{
    enum err e = config_read(supervisor->config_path, &supervisor->config, stderr);

    if (e)
        return e;
    log_open(supervisor->config->log.target, supervisor->config->log.format, supervisor->config->log.level);
    e = listener_open(supervisor->config, &supervisor->listener);
    if (!e)
        e = privileges_drop(supervisor->config);
    /* As who serves: what is made beside the database while it is opened is to be theirs. */
    if (!e)
        e = app_try(supervisor->config);
    if (!e)
        e = handoff_new(&supervisor->handoff);
    if (!e)
        e = scoreboard_new(&supervisor->board);
    return e;
}

/*
 * Before the first child is there, so that none of its signals is missed; and a worker that is told something
 * while it starts finds that waiting when it has started. Who reads the log by a pipe may go: no service ends
 * for that.
 */
static void block_signals(struct supervisor *supervisor)
{
    sigset_t blocked;

    sigemptyset(&supervisor->signals);
    for (size_t i = 0; i < sizeof waited_signals / sizeof *waited_signals; i++)
        sigaddset(&supervisor->signals, waited_signals[i]);
    blocked = supervisor->signals;
    sigaddset(&blocked, WORKER_STOP);
    sigaddset(&blocked, WORKER_RETIRE);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int supervisor_main(const char *config_path)
{
    static struct supervisor supervisor; /* too large for the stack */
    int status = EXIT_FAILURE;

    supervisor = (struct supervisor){.config_path = config_path, .listener = {.fd = -1}};
    block_signals(&supervisor);
    if (!supervisor_open(&supervisor)) {
        want_workers(&supervisor, config_workers(supervisor.config));
        supervisor.slots[RUNNER_ROW].wanted = true;
        start_due(&supervisor);
        log_info("serving on %s with %d workers", supervisor.config->listen,
                 config_workers(supervisor.config));
        notify("READY=1");
        supervise(&supervisor);
        status = supervisor.killed ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    listener_unlink(&supervisor.listener);
    config_free(&supervisor.config);
    return status;
}
