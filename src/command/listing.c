/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "command/console.h"
#include "command/listing.h"

enum err listing_begin(struct listing *listing, const struct invocation *invocation)
{
    if (!invocation->given[OPTION_JSON])
        return ERR_OK;
    listing->array = json_array();
    return listing->array ? ERR_OK : ERR_NOMEM;
}

int listing_end(struct listing *listing, const struct invocation *invocation, enum err e)
{
    int code = COMMAND_FAILED;

    if (!e && listing->array) {
        json_dumpf(listing->array, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    if (e)
        console_error(invocation, "%s", err_text(e));
    else
        code = console_finish(invocation);
    json_decref(listing->array);
    listing->array = NULL;
    return code;
}

int listing_command(const struct invocation *invocation, listing_each *each, const void *what)
{
    struct listing listing = {0};
    struct context context;
    int code = COMMAND_FAILED;
    enum err e = context_open(&context, invocation);

    if (e)
        goto out;
    listing.server_name = context.config->server_name;
    e = listing_begin(&listing, invocation);
    if (!e)
        e = each(&context, &listing, what);
    code = listing_end(&listing, invocation, e);
out:
    context_close(&context);
    return code;
}
