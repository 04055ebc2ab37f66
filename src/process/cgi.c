/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "process/app.h"
#include "process/cgi.h"
#include "process/exchange.h"
#include "process/started.h"

/* What has been read of the body. */
struct input {
    long long taken;
    unsigned patience_s; /* for the next of it; 0: the time for all is running */
};

/* The body on standard input; the web server counts it by CONTENT_LENGTH and need not close (section 4.2). */
static long read_body(void *context, char *bytes, size_t size)
{
    struct input *input = context;
    ssize_t count;

    if (input->patience_s)
        alarm(input->patience_s);
    do
        count = read(STDIN_FILENO, bytes, size);
    while (count < 0 && errno == EINTR);
    input->taken += count > 0 ? count : 0;
    return (long)count;
}

/*
 * Takes what nobody wanted of the body. Behind Apache's mod_cgid, body and
 * answer share one socket: closed with something unread, it is reset, and the answer is cut off or lost.
 */
static void drain_body(const struct request *request, struct input *input)
{
    char bytes[4096];

    /* A chunked body has no length: who began to read it reads on to its end. */
    while ((input->taken < request->content_length || (request->content_length < 0 && input->taken > 0)) &&
           read_body(input, bytes, sizeof bytes) > 0)
        continue;
    explicit_bzero(bytes, sizeof bytes);
}

static bool write_all(const char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t count = write(STDOUT_FILENO, bytes + done, size - done);

        if (count < 0 && errno != EINTR)
            return false;
        done += count > 0 ? (size_t)count : 0;
    }
    return true;
}

/* A web server that does not take the next of it within `patience_s` seconds ends the process. */
static bool write_file(struct exchange *exchange, unsigned patience_s)
{
    char piece[65536];
    long size;

    while ((size = exchange_next(exchange, piece, sizeof piece)) > 0) {
        alarm(patience_s);
        if (!write_all(piece, (size_t)size))
            return false;
    }
    return size == 0;
}

/* The web server shows an answer in our form even when nothing could be opened. */
static void answer_broken(void)
{
    struct reply reply = {0};
    struct buf out = {0};

    reply_error(&reply, API_UNAVAILABLE, NULL);
    if (!reply_write(&reply, "", false, &out))
        write_all(out.data, out.length);
    reply_free(&reply);
    buf_free(&out);
}

static enum err answer(struct exchange *exchange)
{
    const struct config *config = exchange->call.app->config;
    const unsigned patience_s = (unsigned)(config->request_timeout + config->stop_timeout);
    struct input input = {0};
    const struct body_source body = {.read = read_body, .context = &input};
    struct buf out = {0};
    enum err e = ERR_OK;

    switch (exchange_begin(exchange, environ, &body)) {
    case DISPATCH_HASHES:
        e = gate_enter(exchange->call.app->gate);
        if (e)
            return e;
        exchange_run(exchange);
        gate_leave(exchange->call.app->gate);
        break;
    case DISPATCH_CHANGES: /* waits where it needs its turn: there is nobody else to be served here */
    case DISPATCH_SLOW:
        alarm((unsigned)(config->homeserver.wait + config->stop_timeout)); /* it has arrived, and may wait */
        exchange_run(exchange);
        break;
    case DISPATCH_BODY:
        input.patience_s = patience_s;
        exchange_run(exchange);
        break;
    case DISPATCH_READY:
        exchange_run(exchange);
        break;
    case DISPATCH_ANSWERED:
    default:
        break;
    }
    drain_body(&exchange->call.request, &input);
    e = exchange_answer(exchange, &out);
    if (!e && (!write_all(out.data, out.length) || !write_file(exchange, patience_s)))
        e = ERR_IO;
    buf_free(&out);
    return e;
}

int cgi_main(const char *config_path)
{
    struct config *config = NULL;
    struct exchange *exchange = NULL;
    struct app app = {0};
    bool answered = false;

    signal(SIGPIPE, SIG_IGN);
    if (config_read(config_path, &config, stderr))
        goto out;
    log_open(config->log.target, config->log.format, config->log.level);
    /* A request that does not arrive in time ends the process, and with it all that the request could hold.
     */
    alarm((unsigned)(config->request_timeout + config->stop_timeout));
    if (app_open(&app, config) || !(exchange = exchange_new(&app)))
        goto out;
    answered = answer(exchange) == ERR_OK;
    /* The web server takes the answer as complete when the descriptor is closed; it need not wait for the
     * rest. */
    close(STDOUT_FILENO);
    started_settle_descriptors();
    exchange_end(exchange);
out:
    if (!answered && !exchange)
        answer_broken();
    exchange_free(&exchange);
    app_close(&app);
    config_free(&config);
    return answered ? EXIT_SUCCESS : EXIT_FAILURE;
}
