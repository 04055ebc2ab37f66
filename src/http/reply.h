/* SPDX-License-Identifier: ISC */
/* An answer, and the one place that turns it into the bytes of a CGI response (RFC 3875 section 6). */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "http/api_error.h"

/* A file as the body of an answer. */
struct reply_file {
    int descriptor;   /* owned by the reply; -1: the client has it already (304) */
    int64_t size;     /* bytes */
    const char *type; /* this and the rest: the values of headers, borrowed */
    const char *disposition;
    const char *tag; /* ETag, with its quotes */
};

struct reply {
    int status;              /* HTTP status code; 0 while there is no answer yet */
    json_t *body;            /* owned; NULL: an empty body, or the table's if this is an error */
    struct reply_file *file; /* in place of `body`; borrowed, but for its descriptor; NULL: none */
    enum api_error error;    /* which one, where `status` is an error's */
    const char *allow;       /* the value of Allow, for 405; borrowed, NULL: none */
    int64_t retry_after_ms;  /* > 0: Retry-After (seconds, rounded up) is sent */
};

/* Makes the answer `status` with `body`, which is taken over (also on failure); what was there is dropped. */
void reply_json(struct reply *reply, int status, json_t *body);

/* Makes the answer 200 with a file that somebody has uploaded, or 304 if its descriptor is -1; what was there
 * is dropped. */
void reply_with_file(struct reply *reply, struct reply_file *file);

/*
 * Makes the answer an error; `text` NULL means the usual text. If there is no memory for the body, the answer
 * keeps its status and reply_write() makes a body from the table alone.
 */
void reply_error(struct reply *reply, enum api_error error, const char *text);

/* The same for 429: adds `retry_after_ms` to the body (Client-Server API, "Rate limiting") and the header. */
void reply_limited(struct reply *reply, int64_t retry_after_ms, const char *text);

/*
 * Appends the whole response to `out`: Status, Content-Type, Content-Length, the CORS and cache headers that
 * every answer has, X-Request-Id, then the body; `head` leaves the body out and keeps its length. A file is
 * for the caller to send after that.
 * Errors: ERR_NOMEM (`out` holds nothing then).
 */
MUST_CHECK enum err reply_write(const struct reply *reply, const char *request_id, bool head,
                                struct buf *out);

/* Frees what the reply owns. */
void reply_free(struct reply *reply);

#endif
