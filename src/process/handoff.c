/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "process/handoff.h"

enum err handoff_new(struct handoff *handoff)
{
    int pair[2];

    /* SOCK_SEQPACKET: one message is one connection, and is taken by one worker. */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
        log_error("no socket pair for handing connections over: %s", strerror(errno));
        return ERR_IO;
    }
    *handoff = (struct handoff){.give = pair[0], .take = pair[1]};
    return ERR_OK;
}

bool handoff_give(const struct handoff *handoff, int connection)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof connection)];
    } control = {0};
    char byte = 0;
    struct iovec content = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &content,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    if (handoff->give < 0)
        return false;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof connection);
    memcpy(CMSG_DATA(header), &connection, sizeof connection);
    return sendmsg(handoff->give, &message, MSG_NOSIGNAL) >= 0;
}

int handoff_take(const struct handoff *handoff)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    char byte;
    struct iovec content = {.iov_base = &byte, .iov_len = 1};
    struct msghdr message = {.msg_iov = &content,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header;
    int connection = -1;

    if (handoff->take < 0 || recvmsg(handoff->take, &message, MSG_CMSG_CLOEXEC) <= 0)
        return -1;
    header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&connection, CMSG_DATA(header), sizeof connection);
    return connection;
}
