/* SPDX-License-Identifier: ISC */
/* Who has changed what. */
#include "handler/handlers.h"
#include "handler/page.h"
#include "handler/parameters.h"
#include "homeserver/audit_json.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000 /* a higher one is taken for this */

/* A filter that is empty is none. */
static const char *filter_of(const struct call *call, const char *name)
{
    const char *value = query_get(&call->request.query, name);

    return value && *value ? value : NULL;
}

/* False after the answer has become what is wrong with a parameter. */
static bool read_filter(struct call *call, struct audit_filter *filter)
{
    *filter = (struct audit_filter){
        .admin = filter_of(call, "admin"),
        .target = filter_of(call, "target"),
        .route = filter_of(call, "route"),
        .until_ts = INT64_MAX,
    };
    if (!parameter_integer(call, "from_ts", &filter->from_ts) ||
        !parameter_integer(call, "until_ts", &filter->until_ts))
        return false;
    if (filter->until_ts > filter->from_ts)
        return true;
    call_fail(call, API_INVALID_PARAM, "Query parameter until_ts must be greater than from_ts.");
    return false;
}

static bool read_page(struct call *call, struct audit_page *page)
{
    bool newest_first = true;

    *page = (struct audit_page){.limit = LIMIT_DEFAULT};
    if (!parameter_integer(call, "from", &page->from) || !parameter_integer(call, "limit", &page->limit) ||
        !parameter_backwards(call, &newest_first))
        return false;
    page->oldest_first = !newest_first;
    if (page->limit > LIMIT_MAX)
        page->limit = LIMIT_MAX;
    return true;
}

static enum err add(const struct audit_row *row, void *context)
{
    return json_array_append_new(context, audit_json(row)) < 0 ? ERR_NOMEM : ERR_OK;
}

json_t *audit_get(struct call *call)
{
    struct audit_filter filter;
    struct audit_page page;
    int64_t total = 0;
    json_t *rows;
    enum err e;

    if (!read_filter(call, &filter) || !read_page(call, &page))
        return NULL;
    rows = json_array();
    e = rows ? audit_count(call->app->db, &filter, &total) : ERR_NOMEM;
    if (!e)
        e = audit_list(call->app->db, &filter, &page, add, rows);
    if (e) {
        json_decref(rows);
        return call_fail_err(call, e);
    }
    /* Who asks for none wants to know how many there are: no page follows. */
    return page_answer("audit", rows, page.from, page.limit > 0 ? page.limit : total, total);
}
