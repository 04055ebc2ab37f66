/* SPDX-License-Identifier: ISC */
/* What the rivals of the benchmark answer. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

/*
 * The length of the body, and the body. The headers are those of our answers: the web server has as much to
 * pass on.
 */
static const char answer_format[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
    "Cache-Control: no-cache, no-store, must-revalidate\r\nAccess-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"
    "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization, Date\r\n"
    "Access-Control-Expose-Headers: Synapse-Trace-Id, Server\r\n"
    "X-Request-Id: 0123456789abcdef0123456789abcdef\r\n\r\n%s";

#endif
