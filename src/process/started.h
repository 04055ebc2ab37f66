/* SPDX-License-Identifier: ISC */
/* How this process was started decides what it is. */
#ifndef PROCESS_STARTED_H
#define PROCESS_STARTED_H

enum started {
    STARTED_COMMAND, /* from a command line */
    STARTED_FASTCGI, /* by a FastCGI process manager: descriptor 0 is the listening socket (FastCGI 1.0
                        section 2.2) */
    STARTED_CGI      /* by a web server for one request (RFC 3875): GATEWAY_INTERFACE is set */
};

enum started started_as(void);

/*
 * Makes sure that descriptors 0 to 2 exist. Were one of them closed, the next file opened, the database say,
 * would take its number, and the first message to stderr would be written into it.
 */
void started_settle_descriptors(void);

#endif
