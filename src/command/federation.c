/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "command/console.h"
#include "command/context.h"
#include "command/federation.h"
#include "command/listing.h"
#include "homeserver/upkeep.h"
#include "store/destinations.h"

#define LINE_SIZE 512 /* bytes; a server name has at most 255 */

static json_t *json_of(const struct destination *destination)
{
    const int64_t failure_ts = destination->failure_ts;

    return json_pack("{s:s, s:o, s:b}", "destination", destination->name, "failure_ts",
                     failure_ts ? json_integer((json_int_t)failure_ts) : json_null(), "reset_waits",
                     destination->reset_waits);
}

static void print_one(const struct destination *destination)
{
    char when[CONSOLE_TIME_SIZE] = "-", line[LINE_SIZE], safe[LINE_SIZE];
    const bool fails = destination->failure_ts != 0;

    if (fails)
        console_time(destination->failure_ts, when);
    snprintf(line, sizeof line, "%s  %s%s%s", destination->name, fails ? "fails since " : "", when,
             destination->reset_waits ? "  a reset waits" : "");
    console_safe(line, safe, sizeof safe);
    puts(safe);
}

static enum err list_all(struct context *context, struct listing *listing, const void *what)
{
    const struct destination_page all = {.limit = INT64_MAX};
    struct destination_rows rows;
    int64_t total;
    enum err e;

    (void)what;
    if (!db_attached(context->db)) /* a homeserver alone sends to none */
        return ERR_OK;
    e = upkeep_destinations(&context->homeserver);
    if (!e)
        e = destinations_page(context->db, context->config->server_name, &all, context->arena, &rows, &total);
    for (size_t i = 0; !e && i < rows.count; i++) {
        if (!listing->array)
            print_one(&rows.items[i]);
        else if (json_array_append_new(listing->array, json_of(&rows.items[i])) < 0)
            e = ERR_NOMEM;
    }
    return e;
}

int command_federation_list(const struct invocation *invocation)
{
    return listing_command(invocation, list_all, NULL);
}

int command_federation_reset(const struct invocation *invocation)
{
    static const struct context_words words[] = {
        {ERR_NOT_FOUND, "nothing is sent to such a server"},
        {ERR_UNSUPPORTED, "nothing is sent to such a server"},
        {ERR_INVALID, "it can be reached"},
        {0},
    };
    struct context context;
    int code = COMMAND_FAILED;
    bool waits = false;
    enum err e = context_open(&context, invocation);

    if (!e) {
        e = homeserver_reset_destination(&context.homeserver, invocation->operand, &waits);
        code = e ? context_failed(&context, words, e) : COMMAND_OK;
    }
    if (!code && waits)
        puts("it waits until Dendrite is down, and \"mxadmin apply\" is run");
    context_close(&context);
    return code ? code : console_finish(invocation);
}
