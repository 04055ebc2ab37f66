/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command/audit.h"
#include "command/console.h"
#include "command/context.h"
#include "command/listing.h"
#include "homeserver/audit_json.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000000
#define TEXT_SIZE     1280 /* bytes of a column; parameters are the longest */

/* A column; an empty one is "-". */
static const char *column(const char *text, char safe[TEXT_SIZE])
{
    console_safe(*text ? text : "-", safe, TEXT_SIZE);
    return safe;
}

static void print_row(const struct audit_row *row)
{
    const char *const columns[] = {row->admin, row->method, row->route, row->target, row->parameters};
    char when[CONSOLE_TIME_SIZE], safe[TEXT_SIZE];

    console_time(row->ts, when);
    fputs(when, stdout);
    if (row->outcome == AUDIT_UNKNOWN)
        fputs("   ?", stdout);
    else
        printf(" %3" PRId64, row->outcome);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        printf(" %s", column(columns[i], safe));
    putchar('\n');
}

static enum err list_one(const struct audit_row *row, void *context)
{
    struct listing *listing = context;

    if (listing->array)
        return json_array_append_new(listing->array, audit_json(row)) < 0 ? ERR_NOMEM : ERR_OK;
    print_row(row);
    return ERR_OK;
}

/* The filter that the options make; false after saying what is wrong. */
static bool read_filter(struct context *context, struct audit_filter *filter)
{
    const struct invocation *invocation = context->invocation;
    const char *admin = invocation->value[OPTION_BY];

    filter->target = invocation->value[OPTION_TARGET];
    filter->route = invocation->value[OPTION_ROUTE];
    if (admin) {
        admin = context_local_user(context, admin);
        filter->admin =
            admin ? arena_printf(context->arena, "@%s:%s", admin, context->config->server_name) : NULL;
    }
    return filter->admin || !invocation->value[OPTION_BY];
}

int command_audit(const struct invocation *invocation)
{
    struct audit_filter filter = {.until_ts = INT64_MAX};
    struct audit_page page = {.limit = LIMIT_DEFAULT};
    struct listing listing = {0};
    struct context context;
    int code = COMMAND_FAILED;
    enum err e;

    if (!console_moment(invocation, OPTION_SINCE, &filter.from_ts) ||
        !console_moment(invocation, OPTION_UNTIL, &filter.until_ts) ||
        !console_number(invocation, OPTION_LIMIT, LIMIT_MAX, &page.limit))
        return COMMAND_USAGE;
    e = context_open(&context, invocation);
    if (e || !read_filter(&context, &filter))
        goto out;
    e = listing_begin(&listing, invocation);
    if (!e)
        e = audit_list(context.db, &filter, &page, list_one, &listing);
    code = listing_end(&listing, invocation, e);
out:
    context_close(&context);
    return code;
}
