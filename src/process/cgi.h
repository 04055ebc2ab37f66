/* SPDX-License-Identifier: ISC */
#ifndef PROCESS_CGI_H
#define PROCESS_CGI_H

/* Answers the one request of a CGI process (RFC 3875); returns the exit status. */
int cgi_main(const char *config_path);

#endif
