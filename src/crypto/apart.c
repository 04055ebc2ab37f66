/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "crypto/apart.h"

#define NICE      10
#define NICE_TEXT "10"

/*
 * Under the scheduler's autogrouping (sched(7)) a nice value counts within a session only, and sessions
 * compete as equals: so the child is a session of its own, whose value is set, too. Where there is no
 * autogrouping, there is no such file.
 */
static void lower_priority(void)
{
    int fd;

    setsid();
    setpriority(PRIO_PROCESS, 0, NICE);
    fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, NICE_TEXT, strlen(NICE_TEXT));
        close(fd);
    }
}

pid_t apart_start(void (*work)(void *job), void *job)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    /* Nobody waits for the result when the parent is gone. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    work(job);
    _exit(0);
}

bool apart_end(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct lowered {
    void (*work)(void *job);
    void *job;
};

static void work_lowered(void *context)
{
    const struct lowered *lowered = context;

    lower_priority();
    lowered->work(lowered->job);
}

enum err apart_run(void (*work)(void *job), void *job, size_t size)
{
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct lowered lowered = {work, shared};
    enum err e = ERR_OK;
    pid_t child;

    if (shared == MAP_FAILED)
        return ERR_NOMEM;
    memcpy(shared, job, size);
    child = apart_start(work_lowered, &lowered);
    if (child < 0) {
        work(shared);
    } else if (!apart_end(child)) {
        log_error("a process that hashed a password did not end well");
        e = ERR_NOMEM;
    }
    if (!e)
        memcpy(job, shared, size);
    explicit_bzero(shared, size);
    munmap(shared, size);
    return e;
}
