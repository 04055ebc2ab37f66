/* SPDX-License-Identifier: ISC */
/* The servers that events are sent to (Synapse's "Federation API"). A homeserver alone sends to none. */
#include "handler/handlers.h"
#include "handler/parameters.h"
#include "homeserver/upkeep.h"
#include "store/deferred.h"
#include "store/destinations.h"

#define LIMIT_DEFAULT 100

static const char *const orders[] = {
    [DESTINATION_ORDER_NAME] = "destination",
    [DESTINATION_ORDER_RETRY_LAST] = "retry_last_ts",
    [DESTINATION_ORDER_RETRY_INTERVAL] = "retry_interval",
    [DESTINATION_ORDER_FAILURE] = "failure_ts",
    [DESTINATION_ORDER_SENT] = "last_successful_stream_ordering",
};
_Static_assert(sizeof orders / sizeof *orders == DESTINATION_ORDER__MAX, "a word for every order");

static bool federates(const struct call *call)
{
    return db_attached(call->app->db);
}

/* What waits for Dendrite to be down is told, as of users. */
static bool add_pending(json_t *object)
{
    return object &&
           json_object_set_new(object, "pending",
                               json_pack("[s]", deferred_kind_name(DEFERRED_RESET_DESTINATION))) == 0;
}

/* The last attempt was no earlier than what was to be sent with it. */
static json_t *row_json(const struct destination *row)
{
    json_t *object =
        json_pack("{s:s, s:I, s:I, s:o, s:o}", "destination", row->name, "retry_last_ts",
                  (json_int_t)row->failure_ts, "retry_interval", (json_int_t)row->retry_interval,
                  "failure_ts", row->failure_ts ? json_integer(row->failure_ts) : json_null(),
                  "last_successful_stream_ordering", row->sent >= 0 ? json_integer(row->sent) : json_null());

    if (!row->reset_waits || add_pending(object))
        return object;
    json_decref(object);
    return NULL;
}

/* The list `array`, taken over, as a page of `total`; the token is a text here. */
static json_t *page_json(struct call *call, const char *name, json_t *array, int64_t from, int64_t limit,
                         int64_t total)
{
    const int64_t next = from + (int64_t)json_array_size(array);
    json_t *answer = json_pack("{s:o, s:I}", name, array, "total", (json_int_t)total);

    if (!answer || from >= total || limit >= total - from)
        return answer;
    if (json_object_set_new(answer, "next_token",
                            json_string(arena_printf(call->arena, "%lld", (long long)next))) == 0)
        return answer;
    json_decref(answer);
    return NULL;
}

static bool read_page(struct call *call, struct destination_page *page)
{
    size_t order = DESTINATION_ORDER_NAME;

    *page = (struct destination_page){
        .search = query_get(&call->request.query, "destination"),
        .limit = LIMIT_DEFAULT,
    };
    if (!parameter_integer(call, "from", &page->from) || !parameter_integer(call, "limit", &page->limit) ||
        !parameter_word(call, "order_by", orders, DESTINATION_ORDER__MAX, &order))
        return false;
    page->order = (enum destination_order)order;
    return parameter_backwards(call, &page->backwards);
}

json_t *destinations_get(struct call *call)
{
    struct destination_rows rows = {0};
    struct destination_page page;
    int64_t total = 0;
    json_t *array;
    enum err e = ERR_OK;

    if (!read_page(call, &page))
        return NULL;
    if (federates(call)) {
        e = upkeep_destinations(&call->homeserver);
        if (!e)
            e = destinations_page(call->app->db, call->app->config->server_name, &page, call->arena, &rows,
                                  &total);
    }
    array = e ? NULL : json_array();
    for (size_t i = 0; array && i < rows.count; i++)
        if (json_array_append_new(array, row_json(&rows.items[i])) < 0) {
            json_decref(array);
            array = NULL;
        }
    if (e)
        return call_fail_err(call, e);
    return array ? page_json(call, "destinations", array, page.from, page.limit, total) : NULL;
}

/* The destination that the path names; false after the answer has become 404, or another error. */
static bool find(struct call *call, struct destination *destination)
{
    enum err e = ERR_NOT_FOUND;

    if (federates(call)) {
        e = upkeep_destinations(&call->homeserver);
        if (!e)
            e = destinations_find(call->app->db, call->app->config->server_name, call->parameters[0],
                                  call->arena, destination);
    }
    if (e)
        call_fail_absent(call, e, "Unknown destination");
    return e == ERR_OK;
}

json_t *destination_get(struct call *call)
{
    struct destination destination;

    return find(call, &destination) ? row_json(&destination) : NULL;
}

json_t *destination_rooms_get(struct call *call)
{
    struct destination_room_rows rows = {0};
    struct destination destination;
    int64_t from = 0, limit = LIMIT_DEFAULT, total = 0;
    bool backwards = false;
    json_t *array;
    enum err e;

    if (!find(call, &destination) || !parameter_integer(call, "from", &from) ||
        !parameter_integer(call, "limit", &limit) || !parameter_backwards(call, &backwards))
        return NULL;
    e = destinations_rooms(call->app->db, destination.name, backwards, from, limit, call->arena, &rows,
                           &total);
    if (e)
        return call_fail_err(call, e);
    array = json_array();
    for (size_t i = 0; array && i < rows.count; i++)
        if (json_array_append_new(array, json_pack("{s:s, s:I}", "room_id", rows.items[i].room_id,
                                                   "stream_ordering", (json_int_t)rows.items[i].sent)) < 0) {
            json_decref(array);
            array = NULL;
        }
    return array ? page_json(call, "rooms", array, from, limit, total) : NULL;
}

json_t *destination_reset_post(struct call *call)
{
    struct destination destination;
    bool waits = false;
    json_t *answer;
    enum err e;

    if (!find(call, &destination))
        return NULL;
    e = homeserver_reset_destination(&call->homeserver, destination.name, &waits);
    if (e == ERR_INVALID)
        return call_fail(call, API_BAD_REQUEST,
                         "The retry timing does not need to be reset for this destination.");
    if (e)
        return call_fail_err(call, e);
    answer = json_object();
    if (!waits || add_pending(answer))
        return answer;
    json_decref(answer);
    return NULL;
}
