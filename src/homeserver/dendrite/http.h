/* SPDX-License-Identifier: ISC */
/*
 * One kept HTTP/1.1 connection to one server, and requests on it one after another. Nothing of a request
 * stays behind it but the connection: what libcurl frees is wiped.
 */
#ifndef HOMESERVER_DENDRITE_HTTP_H
#define HOMESERVER_DENDRITE_HTTP_H

#include <jansson.h>

#include "base/err.h"

struct http;

enum http_method { HTTP_GET, HTTP_POST, HTTP_PUT, HTTP_DELETE };

#define HTTP_ANSWER_MAX ((size_t)1 << 20) /* bytes of an answer's body */

/* Everything is borrowed. */
struct http_request {
    enum http_method method;
    const char *target;     /* path and query, percent-encoded */
    const char *token;      /* an access token; NULL: none */
    const char *user_agent; /* of whom it is sent for; NULL or "": mxadmin's own */
    const char *address;    /* of whom it is sent for; NULL or "": nobody is named */
    const char *body;       /* JSON; NULL: none */
    int seconds;            /* the longest that it may take */
};

struct http_answer {
    int status;
    json_t *json; /* owned by the caller, who wipes it where it holds secrets; NULL: the body is no JSON */
};

/*
 * Prepares a connection to the server at `url` ("http://host:port", with or without a slash at its end;
 * borrowed); nothing is sent yet. The caller closes it with http_close(). It does not survive fork(2).
 * Errors: ERR_NOMEM.
 */
MUST_CHECK enum err http_open(struct http **http, const char *url);

/* Closes and sets to NULL. NULL inside is allowed. */
void http_close(struct http **http);

/*
 * Sends a request and waits for the answer, whatever its status. A POST is never sent twice; what may be
 * repeated is sent again once if a kept connection turns out to be dead. Errors: ERR_UNREACHABLE (nothing was
 * sent), ERR_GATEWAY (it was sent, and what came back is no whole answer within the limits: it may have been
 * done), each logged; ERR_NOMEM (nothing was sent).
 */
MUST_CHECK enum err http_send(struct http *http, const struct http_request *request,
                              struct http_answer *answer);

#endif
