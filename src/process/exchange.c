/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "process/exchange.h"

struct exchange *exchange_new(struct app *app)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (!exchange)
        return NULL;
    exchange->call.app = app;
    exchange->call.arena = arena_new();
    if (!exchange->call.arena)
        exchange_free(&exchange);
    return exchange;
}

/* Drops all that belongs to the request, and keeps what serves the next one. */
static void forget(struct exchange *exchange)
{
    struct app *app = exchange->call.app;
    struct arena *arena = exchange->call.arena;

    reply_free(&exchange->call.reply);
    call_forget_json(&exchange->call);
    arena_reset(arena);
    *exchange = (struct exchange){.call = {.app = app, .arena = arena}};
}

void exchange_free(struct exchange **exchange)
{
    if (!*exchange)
        return;
    if ((*exchange)->call.arena)
        forget(*exchange);
    arena_free(&(*exchange)->call.arena);
    free(*exchange);
    *exchange = NULL;
}

enum dispatch exchange_begin(struct exchange *exchange, char *const *variables,
                             const struct body_source *body)
{
    exchange->call.request.body = *body;
    return dispatch_begin(&exchange->call, &exchange->dispatched, variables);
}

void exchange_run(struct exchange *exchange)
{
    dispatch_run(&exchange->call, &exchange->dispatched);
    exchange->has_run = true;
}

int64_t exchange_file_size(const struct exchange *exchange)
{
    const struct reply_file *file = exchange->call.reply.file;

    return file && file->descriptor >= 0 && !exchange->call.request.head ? file->size : 0;
}

void exchange_give_up(struct exchange *exchange)
{
    dispatch_give_up(&exchange->call, &exchange->dispatched);
}

enum err exchange_answer(struct exchange *exchange, struct buf *out)
{
    const struct request *request = &exchange->call.request;
    enum err e = reply_write(&exchange->call.reply, request->id, request->head, out);

    exchange->dispatched.bytes = out->length;
    return e;
}

long exchange_next(struct exchange *exchange, char *bytes, size_t size)
{
    const int64_t left = exchange_file_size(exchange) - exchange->sent;
    ssize_t count = 0;

    if (left == 0)
        return 0;
    do
        count = pread(exchange->call.reply.file->descriptor, bytes,
                      left < (int64_t)size ? (size_t)left : size, exchange->sent);
    while (count < 0 && errno == EINTR);
    if (count <= 0) {
        log_error("a file could not be read to its end: %s", count < 0 ? strerror(errno) : "it has shrunk");
        return -1;
    }
    exchange->sent += count;
    exchange->dispatched.bytes += (size_t)count;
    return (long)count;
}

void exchange_end(struct exchange *exchange)
{
    dispatch_end(&exchange->call, &exchange->dispatched);
    db_tidy(exchange->call.app->db);
    forget(exchange);
}
