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

#define BODY                                                                                                 \
    "{\"user_id\":\"@user:example.org\",\"devices\":{\"hMXYyPSI\":{\"sessions\":[{\"connections\":[{"        \
    "\"ip\":\"127.0.0.1\",\"last_seen\":1795452777499,\"user_agent\":\"\"}]}]}}}"

/* The headers are those of ours, too: the web server has as much to pass on. */
static const char format[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
    "Cache-Control: no-cache, no-store, must-revalidate\r\nAccess-Control-Allow-Origin: *\r\n"
    "Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"
    "Access-Control-Allow-Headers: X-Requested-With, Content-Type, Authorization, Date\r\n"
    "Access-Control-Expose-Headers: Synapse-Trace-Id, Server\r\n"
    "X-Request-Id: 0123456789abcdef0123456789abcdef\r\n\r\n%s";

static void serve(void)
{
    FCGX_Request request;
    char answer[2048];

    snprintf(answer, sizeof answer, format, strlen(BODY), BODY);
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
