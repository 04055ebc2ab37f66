/* SPDX-License-Identifier: ISC */
/* A server for the tests of the client's side, in a process of its own, that does what it is told. */
#ifndef TESTS_UNIT_SERVER_H
#define TESTS_UNIT_SERVER_H

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STUCK_SECONDS 120 /* then the test is killed, and so fails */
#define STEPS_MAX     4

/* What the server does with a request that it has read: it answers `text` if there is one, and then ends the
 * connection, or waits for the next request on it, or for the other side to end it. */
struct step {
    const char *text;
    enum { STAY, CLOSE, HANG } then;
    size_t padding; /* spaces after the text */
};

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}"

/* What it tells the test. */
struct seen {
    _Atomic int connections, requests;
    _Atomic int ended; /* of the connections */
    char last[4096];   /* the request that came last */
};
static struct seen *seen;

struct server {
    char url[64];
    pid_t pid; /* 0: nobody listens */
};

static inline bool complete(const char *request)
{
    const char *end = strstr(request, "\r\n\r\n");
    const char *length = strstr(request, "Content-Length: ");

    return end && strlen(end + 4) >= (length ? (size_t)atoi(length + 16) : 0);
}

/* Reads one request; false when the other side has ended the connection. */
static inline bool read_request(int fd)
{
    char request[sizeof seen->last] = "";
    size_t length = 0;
    ssize_t count = 1;

    while (count > 0 && !complete(request)) {
        count = read(fd, request + length, sizeof request - 1 - length);
        if (count > 0)
            length += (size_t)count;
    }
    if (count > 0)
        memcpy(seen->last, request, sizeof request);
    return count > 0;
}

static inline void write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t count = send(fd, bytes, size, MSG_NOSIGNAL);

        if (count <= 0)
            return;
        bytes += count;
        size -= (size_t)count;
    }
}

static inline void do_step(int fd, const struct step *step)
{
    static char spaces[1 << 16];
    char byte;

    memset(spaces, ' ', sizeof spaces);
    if (step->text)
        write_all(fd, step->text, strlen(step->text));
    for (size_t left = step->padding; left > 0; left -= left < sizeof spaces ? left : sizeof spaces)
        write_all(fd, spaces, left < sizeof spaces ? left : sizeof spaces);
    if (step->then == HANG)
        while (read(fd, &byte, 1) > 0)
            ;
}

/* Does the steps, and then the last of them again and again. */
static inline void serve(int listener, const struct step *steps)
{
    for (int i = 0;;) {
        int fd = accept(listener, NULL, NULL);
        bool stay = fd >= 0;

        if (fd < 0)
            _exit(1);
        seen->connections++;
        while (stay && read_request(fd)) {
            seen->requests++;
            do_step(fd, &steps[i]);
            stay = steps[i].then == STAY;
            if (i + 1 < STEPS_MAX && (steps[i + 1].text || steps[i + 1].then != STAY))
                i++;
        }
        close(fd);
        seen->ended++;
    }
}

/* Starts a server on a port that the system chooses; without steps, one that nobody listens on. */
static inline struct server server_start(const struct step *steps)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    struct server server = {0};
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%d", ntohs(address.sin_port));
    memset(seen, 0, sizeof *seen);
    if (steps) {
        assert_int_equal(listen(listener, 8), 0);
        server.pid = fork();
        assert_true(server.pid >= 0);
        if (server.pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not stop it */
            serve(listener, steps);
        }
    }
    close(listener);
    return server;
}

static inline void server_stop(const struct server *server)
{
    if (server->pid == 0)
        return;
    kill(server->pid, SIGKILL);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

/* Before the first server of a program; ends the program when it is stuck. */
static inline void servers_prepare(void)
{
    alarm(STUCK_SECONDS);
    signal(SIGPIPE, SIG_IGN);
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (seen == MAP_FAILED)
        abort();
}

/* Whether the request that came last has `text` in it. */
static inline bool was_sent(const char *text)
{
    return strstr(seen->last, text) != NULL;
}

#endif
