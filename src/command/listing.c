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
