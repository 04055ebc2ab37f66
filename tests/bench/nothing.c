/* SPDX-License-Identifier: ISC */
/*
 * The rival of the benchmark: a FastCGI application on libfcgi that does nothing but answer, with as many
 * bytes as a whois has. Descriptor 0 is its listening socket; the argument is how many processes serve it.
 */
#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char answer[] = "Status: 200\r\nContent-Type: application/json\r\n\r\n"
                             "{\"user_id\":\"@user:example.org\",\"devices\":{\"shared_secret_registration\":"
                             "{\"sessions\":[{\"connections\":"
                             "[{\"ip\":\"127.0.0.1\",\"last_seen\":1795452777499,\"user_agent\":\"Mozilla/"
                             "5.0 (X11; Linux x86_64)\"}]}]}}}";

static void serve(void)
{
    FCGX_Request request;

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
