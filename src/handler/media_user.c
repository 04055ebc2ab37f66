/* SPDX-License-Identifier: ISC */
/* What one user has uploaded: Synapse's list, and the deletion of what a page of it shows. */
#include <string.h>

#include "handler/handlers.h"
#include "handler/media.h"
#include "handler/page.h"
#include "handler/parameters.h"
#include "homeserver/upkeep.h"

#define LIMIT_DEFAULT 100

static const char *const orders[] = {
    [MEDIA_ORDER_ID] = "media_id",
    [MEDIA_ORDER_UPLOAD_NAME] = "upload_name",
    [MEDIA_ORDER_CREATED] = "created_ts",
    [MEDIA_ORDER_LAST_ACCESS] = "last_access_ts",
    [MEDIA_ORDER_LENGTH] = "media_length",
    [MEDIA_ORDER_TYPE] = "media_type",
    [MEDIA_ORDER_QUARANTINED_BY] = "quarantined_by",
    [MEDIA_ORDER_PROTECTED] = "safe_from_quarantine",
};
_Static_assert(sizeof orders / sizeof *orders == MEDIA_ORDER__MAX, "a word for every order");

/* What was asked for. */
struct asked {
    const char *user_id;
    struct media_page page;
};

/* The newest first, unless anything is said of the order. */
static bool read_order(struct call *call, struct media_page *page)
{
    const struct query *query = &call->request.query;
    size_t order = MEDIA_ORDER_CREATED;

    page->backwards = !query_get(query, "order_by") && !query_get(query, "dir");
    if (!parameter_word(call, "order_by", orders, MEDIA_ORDER__MAX, &order))
        return false;
    page->order = (enum media_order)order;
    return parameter_backwards(call, &page->backwards);
}

static bool read_asked(struct call *call, struct asked *asked)
{
    struct media_page *page = &asked->page;

    *asked = (struct asked){.user_id = call->parameters[0], .page = {.limit = LIMIT_DEFAULT}};
    return call_existing_user(call, asked->user_id, "Can only look up local users", "Unknown user") &&
           parameter_integer(call, "from", &page->from) && parameter_integer(call, "limit", &page->limit) &&
           read_order(call, page);
}

static enum err read_page(struct call *call, const struct asked *asked, struct media_rows *rows,
                          int64_t *total)
{
    return media_list_page(call->app->db, call->app->config->server_name, asked->user_id, &asked->page,
                           call->arena, rows, total);
}

static enum err add_rows(struct call *call, const struct media_rows *rows, json_t *array)
{
    for (size_t i = 0; i < rows->count; i++) {
        json_t *row = media_row_json(call, &rows->items[i]);

        if (!row ||
            json_object_set_new(row, "safe_from_quarantine", json_boolean(rows->items[i].protected)) < 0) {
            json_decref(row);
            return ERR_NOMEM;
        }
        if (json_array_append_new(array, row) < 0)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

json_t *user_media_get(struct call *call)
{
    struct media_rows rows = {0};
    struct asked asked;
    int64_t total = 0;
    json_t *array;
    enum err e;

    if (!read_asked(call, &asked))
        return NULL;
    e = upkeep_media(&call->homeserver);
    if (!e)
        e = read_page(call, &asked, &rows, &total);
    if (e)
        return call_fail_err(call, e);
    array = json_array();
    if (!add_rows(call, &rows, array))
        return page_answer("media", array, asked.page.from, asked.page.limit, total);
    json_decref(array);
    return NULL;
}

json_t *user_media_delete(struct call *call)
{
    struct media_deletion deletion = {0};
    struct asked asked;
    int64_t total = 0;
    enum err e;

    if (!read_asked(call, &asked))
        return NULL;
    e = upkeep_media_now(&call->homeserver);
    if (!e)
        e = read_page(call, &asked, &deletion.media, &total);
    return e ? call_fail_err(call, e) : media_delete_answer(call, &deletion);
}
