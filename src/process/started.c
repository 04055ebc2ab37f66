/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "process/started.h"

enum started started_as(void)
{
    int listening = 0;
    socklen_t size = sizeof listening;

    if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening)
        return STARTED_FASTCGI;
    return getenv("GATEWAY_INTERFACE") ? STARTED_CGI : STARTED_COMMAND;
}

void started_settle_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        /* The lowest free number is what open() gives, and those below `fd` are taken by now. */
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
            _exit(1);
    }
}
