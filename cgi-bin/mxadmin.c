/* SPDX-License-Identifier: ISC */
#include "command/command.h"
#include "process/cgi.h"
#include "process/privileges.h"
#include "process/runner.h"
#include "process/started.h"
#include "process/supervisor.h"
#include "process/worker.h"

int main(int argc, char **argv)
{
    static const struct command_host host = {
        .serve = supervisor_main, .work = runner_main, .drop_privileges = privileges_drop};
    enum started started;

    started_settle_descriptors();
    started = started_as();
    /*
     * A web server may turn the query of a CGI request into arguments (RFC 3875 section 4.4): "?account+list"
     * must not become a command, so arguments mean nothing here.
     */
    if (started == STARTED_CGI)
        return cgi_main(command_config_path());
    if (started == STARTED_FASTCGI && argc == 1)
        return worker_main(command_config_path());
    return command_main(argc, argv, &host);
}
