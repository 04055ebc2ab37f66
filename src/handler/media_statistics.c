/* SPDX-License-Identifier: ISC */
/* Synapse's statistics of media by user. */
#include <string.h>

#include "base/text.h"
#include "handler/handlers.h"
#include "handler/page.h"
#include "handler/parameters.h"
#include "homeserver/upkeep.h"
#include "store/media_statistics.h"

#define LIMIT_DEFAULT 100

/* In the order in which Synapse names them. */
static const char *const words[] = {"media_length", "media_count", "user_id", "displayname"};
static const enum media_user_order orders[] = {MEDIA_USER_ORDER_LENGTH, MEDIA_USER_ORDER_COUNT,
                                               MEDIA_USER_ORDER_ID, MEDIA_USER_ORDER_DISPLAY_NAME};
#define BY_ID 2

static bool read_page(struct call *call, struct media_user_page *page)
{
    size_t order = BY_ID;

    *page = (struct media_user_page){.limit = LIMIT_DEFAULT, .until_ts = INT64_MAX};
    if (!parameter_word(call, "order_by", words, sizeof words / sizeof *words, &order) ||
        !parameter_integer(call, "from", &page->from) || !parameter_integer(call, "limit", &page->limit) ||
        !parameter_integer(call, "from_ts", &page->from_ts) ||
        !parameter_integer(call, "until_ts", &page->until_ts))
        return false;
    page->order = orders[order];
    page->search = query_get(&call->request.query, "search_term");
    if (page->until_ts <= page->from_ts)
        call_fail(call, API_INVALID_PARAM, "Query parameter until_ts must be greater than from_ts.");
    else if (page->search && !*page->search)
        call_fail(call, API_INVALID_PARAM, "Query parameter search_term cannot be an empty string.");
    else
        return parameter_backwards(call, &page->backwards);
    return false;
}

struct listing {
    struct call *call;
    json_t *users;
};

static enum err add_user(const struct media_user *user, void *context)
{
    struct listing *listing = context;
    const char *name = user->display_name;

    if (name)
        name = text_clean(listing->call->arena, name, strlen(name));
    return json_array_append_new(listing->users,
                                 json_pack("{s:s, s:s?, s:I, s:I}", "user_id", user->user_id, "displayname",
                                           name, "media_count", (json_int_t)user->count, "media_length",
                                           (json_int_t)user->length))
               ? ERR_NOMEM
               : ERR_OK;
}

json_t *media_statistics_get(struct call *call)
{
    struct listing listing = {.call = call};
    struct media_user_page page;
    int64_t total = 0;
    enum err e;

    if (!read_page(call, &page))
        return NULL;
    e = upkeep_users(&call->homeserver);
    if (!e)
        e = upkeep_media(&call->homeserver);
    listing.users = json_array();
    if (!e)
        e = media_statistics_users(call->app->db, call->app->config->server_name, &page, call->arena,
                                   add_user, &listing, &total);
    if (e) {
        json_decref(listing.users);
        return call_fail_err(call, e);
    }
    return page_answer("users", listing.users, page.from, page.limit, total);
}
