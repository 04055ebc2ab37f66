/* SPDX-License-Identifier: ISC */
/*
 * How much of a FastCGI request has arrived, looked up in the bytes before libfcgi reads them. libfcgi reads
 * until the parameters are whole, however slowly and however many they come, and believes any length it is
 * told: so it is only let at a request whose parameters are there and of a bearable size. Pure: no I/O.
 */
#ifndef PROCESS_ARRIVAL_H
#define PROCESS_ARRIVAL_H

#include <stdbool.h>
#include <stddef.h>

enum arrival {
    ARRIVAL_PARTIAL,   /* so far so good, and more is to come */
    ARRIVAL_READY,     /* the parameters are whole */
    ARRIVAL_TOO_LARGE, /* there are more parameters than `max_parameters` bytes, or they lie about their
                          length */
    ARRIVAL_FOREIGN    /* this is not FastCGI 1.0, or it begins in the middle of something */
};

struct arrived {
    unsigned request_id; /* of the request that begins; 0 while none has */
    size_t end; /* ARRIVAL_READY: how many of the bytes begin the request; its body comes after them */
    bool whole; /* ARRIVAL_READY, and the body is there too, so that nothing has to be waited for */
};

/*
 * Looks at the `size` bytes that lie at the front of a connection (FastCGI 1.0 sections 3.3 and 5). The
 * lengths inside the parameters are checked too.
 */
enum arrival arrival_look(const unsigned char *bytes, size_t size, size_t max_parameters,
                          struct arrived *arrived);

#endif
