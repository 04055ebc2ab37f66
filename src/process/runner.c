/* SPDX-License-Identifier: ISC */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/jobs.h"
#include "homeserver/upkeep.h"
#include "process/app.h"
#include "process/notify.h"
#include "process/privileges.h"
#include "process/reload.h"
#include "process/runner.h"
#include "process/worker.h"
#include "store/presence.h"

#define FAILED_PAUSE_MS 1000 /* after an error of the database */
#define URGENT_MS       1000 /* between two looks for what is urgent */
#define DEAF_PAUSE_MS   1000 /* where the bell cannot be heard */

struct runner {
    struct app app;
    int signals;       /* signalfd(2) */
    int ending;        /* the signal that ends it; 0: none yet */
    int64_t urgent_ms; /* when it last looked for what is urgent, on the monotonic clock */
};

/* The signals that end a runner; from here on they wait until it looks for them. */
static sigset_t block_signals(const int *numbers, size_t count)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < count; i++)
        sigaddset(&set, numbers[i]);
    sigprocmask(SIG_SETMASK, &set, NULL);
    return set;
}

/* Waits until the bell rings, a signal comes or the time is over. */
static void wait_for_something(struct runner *runner, int64_t pause_ms)
{
    struct presence *presence = runner->app.homeserver.presence;
    struct pollfd watched[] = {{.fd = runner->signals, .events = POLLIN},
                               {.fd = presence_bell(presence), .events = POLLIN}};
    struct signalfd_siginfo info;

    if (watched[1].fd < 0 && pause_ms > DEAF_PAUSE_MS)
        pause_ms = DEAF_PAUSE_MS;
    if (poll(watched, sizeof watched / sizeof *watched, pause_ms < INT_MAX ? (int)pause_ms : INT_MAX) > 0 &&
        read(runner->signals, &info, sizeof info) == (ssize_t)sizeof info)
        runner->ending = (int)info.ssi_signo;
    presence_heard(presence);
}

/* What is not a job. As long as there are jobs, only what is urgent of it, and not after each batch. */
static void look_after(struct runner *runner, int64_t *pause_ms)
{
    int64_t now_ms = clock_monotonic_ms();

    if (*pause_ms > 0)
        upkeep_turn(&runner->app.homeserver, pause_ms);
    else if (now_ms - runner->urgent_ms >= URGENT_MS)
        upkeep_urgent(&runner->app.homeserver);
    else
        return;
    runner->urgent_ms = now_ms;
}

static void run(struct runner *runner)
{
    int64_t pause_ms = 0;
    bool new_first = true;

    (void)presence_bell(runner->app.homeserver.presence); /* what rings from now on is heard */
    for (;;) {
        wait_for_something(runner, pause_ms);
        if (runner->ending)
            return;
        if (jobs_turn(&runner->app.homeserver, new_first, &pause_ms))
            pause_ms = FAILED_PAUSE_MS;
        look_after(runner, &pause_ms);
        db_tidy(runner->app.db);
        new_first = !new_first;
    }
}

/* Runs until one of the signals comes, which `*ending` becomes. `alone` there is no supervisor. */
static int run_until(const struct config *config, const sigset_t *signals, bool alone, int *ending)
{
    struct runner runner = {.signals = signalfd(-1, signals, SFD_NONBLOCK | SFD_CLOEXEC)};
    bool opened = !app_open(&runner.app, config) && runner.signals >= 0;

    signal(SIGPIPE, SIG_IGN);
    if (opened && alone) {
        log_info("running jobs");
        notify("READY=1");
    }
    if (opened)
        run(&runner);
    app_close(&runner.app);
    if (runner.signals >= 0)
        close(runner.signals);
    *ending = runner.ending;
    return opened ? EXIT_SUCCESS : EXIT_FAILURE;
}

int runner_run(const struct config *config)
{
    static const int numbers[] = {WORKER_STOP, WORKER_RETIRE};
    const sigset_t signals = block_signals(numbers, sizeof numbers / sizeof *numbers);
    int ending;

    return run_until(config, &signals, false, &ending);
}

/* The old configuration stays when the new one cannot be used. */
static void reload(const char *config_path, struct config **config)
{
    struct config *new;

    if (reload_config(config_path, &new))
        return;
    config_free(config);
    *config = new;
    log_open(new->log.target, new->log.format, new->log.level);
}

int runner_main(const char *config_path)
{
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    const sigset_t signals = block_signals(numbers, sizeof numbers / sizeof *numbers);
    struct config *config = NULL;
    int status = EXIT_FAILURE, ending;

    if (config_read(config_path, &config, stderr))
        return EXIT_FAILURE;
    log_open(config->log.target, config->log.format, config->log.level);
    if (!privileges_drop(config))
        status = run_until(config, &signals, true, &ending);
    while (!status && ending == SIGHUP) {
        reload(config_path, &config);
        status = run_until(config, &signals, true, &ending);
    }
    notify("STOPPING=1");
    config_free(&config);
    return status;
}
