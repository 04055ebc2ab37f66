/* SPDX-License-Identifier: ISC */
/*
 * From the CGI variables of a request (RFC 3875 section 4.1; FastCGI 1.0 section 6.2) to typed values:
 * decoded once, here, and checked. Nothing is read from the body yet.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/config.h"
#include "base/err.h"
#include "http/api_error.h"
#include "http/path.h"
#include "http/query.h"

enum method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER, /* a method no route has */
    METHOD__MAX
};

/* The name of a method as it stands in Allow; "" for METHOD_OTHER. */
const char *method_name(enum method method);

enum token_source { TOKEN_NONE, TOKEN_HEADER, TOKEN_QUERY, TOKEN_BOTH };

/*
 * Where a body comes from: reads up to `size` bytes and returns how many, 0 at the end, -1 when the peer
 * broke off or took too long.
 */
struct body_source {
    long (*read)(void *context, char *bytes, size_t size);
    void *context;
};

struct request {
    enum method method;
    bool head;               /* METHOD_GET, and the body of the answer is not wanted */
    const char *method_text; /* as it came, for the log */
    const char *raw_path;    /* as it came, without the query, for the log; "" when there was none */
    struct path path;
    struct query query;
    enum token_source token_source;
    const char *token;         /* the access token; NULL when there is none */
    const char *address;       /* the client's, without port; "" when it is not known */
    const char *user_agent;    /* "" when there is none; at most 512 bytes, valid UTF-8 */
    const char *host;          /* the Host header as it came, unchecked; "" when there is none */
    const char *content_type;  /* of the body, as it came, unchecked; "" when there is none */
    const char *if_none_match; /* the header as it came; "" when there is none */
    bool https;                /* the client spoke TLS to us, or to a trusted proxy before us */
    const char *id;            /* X-Request-Id taken or made; never empty */
    long long content_length;  /* bytes; -1: not told */
    struct body_source body;
};

/*
 * Fills `request`, all but its `body`, from `variables` ("NAME=value" strings, ending with NULL; the first of
 * a name counts, but those of X-Forwarded-For are one list); all texts live in `arena`, or as long as the
 * program. What can be filled is filled even when the request is refused, so that it can be logged. Returns
 * true, or false with `*error` and `*text` (NULL: the usual one) being the answer:
 *   API_BAD_REQUEST  a malformed path, query, length or method; API_UNRECOGNIZED  the path is not below the
 * mount point, or is one that no route can have; API_INTERNAL  memory is gone. The path is REQUEST_URI less
 * `config->mount`, or PATH_INFO when the server sends no REQUEST_URI. The address is REMOTE_ADDR, or, if that
 * is one of `config->trusted_proxies`, the last address in X-Forwarded-For that is not. Such a proxy is also
 * believed about X-Forwarded-Proto. The token is the bearer token of HTTP_AUTHORIZATION (RFC 6750
 * section 2.1) or, if `config->allow_query_token`, the query parameter access_token.
 */
MUST_CHECK bool request_decode(char *const *variables, const struct config *config, struct arena *arena,
                               struct request *request, enum api_error *error, const char **text);

/*
 * Reads the next bytes of the body, at most `size`, for who does not need all of it at once; `*taken` is how
 * many have been read so far, 0 at first. Returns how many there were, 0 at the end, or -1: it broke off, or
 * the peer took too long.
 */
long request_next(const struct request *request, long long *taken, char *bytes, size_t size);

/*
 * Reads the whole body, at most `limit` bytes, into `arena`; `*bytes` is NUL-terminated. Errors:
 * ERR_TOO_LARGE (by Content-Length, before anything is read, or while reading), ERR_IO (broken off or too
 * slow, or shorter than Content-Length), ERR_NOMEM.
 */
MUST_CHECK enum err request_read_body(const struct request *request, size_t limit, struct arena *arena,
                                      const char **bytes, size_t *size);

#endif
