/* SPDX-License-Identifier: ISC */
/*
 * The rival of the benchmark: a FastCGI application on libfcgi that does nothing but answer, with as many
 * bytes as a whois has. Descriptor 0 is its listening socket; the argument is how many processes serve it.
 */
#include <fcgiapp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"

#define BODY                                                                                                 \
    "{\"user_id\":\"@user:example.org\",\"devices\":{\"hMXYyPSI\":{\"sessions\":[{\"connections\":[{"        \
    "\"ip\":\"127.0.0.1\",\"last_seen\":1795452777499,\"user_agent\":\"\"}]}]}}}"

static void serve(void)
{
    FCGX_Request request;
    char answer[2048];

    snprintf(answer, sizeof answer, answer_format, strlen(BODY), BODY);
    FCGX_Init();
    FCGX_InitRequest(&request, 0, 0);
    while (FCGX_Accept_r(&request) == 0)
        FCGX_PutStr(answer, (int)strlen(answer), request.out);
}

int main(int argc, char **argv)
{
    int count = argc > 1 ? atoi(argv[1]) : 4;

    for (int i = 0; i < count; i++)
        if (fork() == 0) {
            serve();
            return 0;
        }
    while (wait(NULL) > 0)
        ;
    return 0;
}
