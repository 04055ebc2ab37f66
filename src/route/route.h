/* SPDX-License-Identifier: ISC */
/* The table of contents: one row for each method and pattern. */
#ifndef ROUTE_ROUTE_H
#define ROUTE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "handler/call.h"

enum access {
    ACCESS_ANYONE, /* no token is looked at */
    ACCESS_GUEST,  /* any account's token, a guest's too */
    ACCESS_USER,   /* an account's token, but not a guest's */
    ACCESS_ADMIN   /* a server admin's */
};

#define ROUTE_BODY_MAX ((size_t)65536) /* bytes; a row that says 0 has this */

struct route {
    enum method method;
    /* Segments are literal, "{name}" for a parameter, or "r0|v3" for alternatives. */
    const char *pattern;
    handler *handler;
    enum access access;
    bool speaks;     /* is for others to see: suspended users may not */
    bool reads;      /* reads the database and never writes to it: sees one state of it from first to last */
    bool hashes;     /* hashes a password: goes through the gate */
    bool changes;    /* asks another homeserver for changes alone, and waits for no job: takes a turn first */
    bool slow;       /* may take long: other workers look after the connections meanwhile */
    bool takes_body; /* its handler reads the body itself, of at most `max_upload_size` bytes; takes long, too
                      */
    size_t body_max; /* bytes */
};

extern const struct route routes[];
extern const size_t routes_count;

/*
 * Finds the row for `method` and `path`; puts the path's parameters into `parameters`. NULL when no row has
 * this path, or none with this method; `allow` (room for `allow_size` bytes) is then the value of Allow, ""
 * when the path is not known at all.
 */
const struct route *route_match(enum method method, const struct path *path,
                                const char *parameters[CALL_PARAMETERS_MAX], char *allow, size_t allow_size);

#endif
