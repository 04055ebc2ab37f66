/* SPDX-License-Identifier: ISC */
/* One request and its answer, whatever they travel by. */
#ifndef PROCESS_EXCHANGE_H
#define PROCESS_EXCHANGE_H

#include "base/buf.h"
#include "base/err.h"
#include "handler/call.h"
#include "route/dispatch.h"

struct exchange {
    struct call call;
    struct dispatched dispatched;
    bool has_run; /* its handler */
    int64_t sent; /* bytes of the file that is the body */
};

/* A file of more bytes is not taken at once by a web server that waits for its client. */
#define EXCHANGE_LONG ((int64_t)65536)

/* A new exchange for `app`; NULL when memory is gone. The caller frees it with exchange_free(). */
struct exchange *exchange_new(struct app *app);
void exchange_free(struct exchange **exchange);

/* Takes a request; `body` says where its body comes from. */
MUST_CHECK enum dispatch exchange_begin(struct exchange *exchange, char *const *variables,
                                        const struct body_source *body);

/* Runs the handler of a request that exchange_begin() found ready. */
void exchange_run(struct exchange *exchange);

/* Answers in its place that it was nobody's turn for too long. */
void exchange_give_up(struct exchange *exchange);

/* How many bytes of a file follow what exchange_answer() gives; 0: it is the whole answer. */
int64_t exchange_file_size(const struct exchange *exchange);

/* The answer's bytes, as a CGI response, into `out`, but for a file. Errors: ERR_NOMEM. */
MUST_CHECK enum err exchange_answer(struct exchange *exchange, struct buf *out);

/* Reads the next of the file's bytes, at most `size`: how many there were, 0 when all have been read, or -1:
 * there are fewer than was said, so that the answer has to be broken off. */
long exchange_next(struct exchange *exchange, char *bytes, size_t size);

/* What is left to do once the answer is on its way; then the exchange is empty again and may be used anew. */
void exchange_end(struct exchange *exchange);

#endif
