/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>
#include <cmocka.h>

#include "crypto/apart.h"

struct job {
    const char *input;
    char output[32];
    pid_t pid, session;
    int nice;
    int signal; /* the child ends itself with; 0: it does not */
};

static int touched;

static void work(void *context)
{
    struct job *job = context;

    touched++;
    job->pid = getpid();
    job->session = getsid(0);
    job->nice = getpriority(PRIO_PROCESS, 0);
    strcpy(job->output, job->input);
    if (job->signal)
        raise(job->signal);
}

static void result_comes_back_and_nothing_else(void **state)
{
    struct job job = {.input = "what is computed"};
    int nice_before = getpriority(PRIO_PROCESS, 0);

    (void)state;
    touched = 0;
    assert_int_equal(apart_run(work, &job, sizeof job), ERR_OK);
    assert_string_equal(job.output, "what is computed");
    assert_int_not_equal(job.pid, getpid());
    assert_int_equal(touched, 0);
    assert_int_equal(job.session, job.pid);
    assert_true(job.nice >= 10);
    assert_int_equal(getpriority(PRIO_PROCESS, 0), nice_before);
}

static void child_that_dies_gives_no_result(void **state)
{
    struct job job = {.input = "half a result", .signal = SIGKILL};

    (void)state;
    assert_int_equal(apart_run(work, &job, sizeof job), ERR_NOMEM);
    assert_string_equal(job.output, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(result_comes_back_and_nothing_else),
        cmocka_unit_test(child_that_dies_gives_no_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
