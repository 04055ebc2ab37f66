/* SPDX-License-Identifier: ISC */
/* Synapse's list of rooms, and what it says of one. */
#include <string.h>

#include "base/text.h"
#include "handler/handlers.h"
#include "handler/parameters.h"
#include "handler/room_list.h"
#include "homeserver/upkeep.h"

/* The words for an order, and whether it begins with the largest; the last ones are of Synapse's past, and
 * what Awesome synapse-admin sends, columns of its own tables. */
static const struct {
    const char *word;
    enum room_order order;
    bool descending;
} orders[] = {
    {"name", ROOM_ORDER_NAME, false},
    {"canonical_alias", ROOM_ORDER_CANONICAL_ALIAS, false},
    {"joined_members", ROOM_ORDER_JOINED_MEMBERS, true},
    {"joined_local_members", ROOM_ORDER_JOINED_LOCAL_MEMBERS, true},
    {"version", ROOM_ORDER_VERSION, true},
    {"creator", ROOM_ORDER_CREATOR, false},
    {"encryption", ROOM_ORDER_ENCRYPTION, false},
    {"federatable", ROOM_ORDER_FEDERATABLE, false},
    {"public", ROOM_ORDER_PUBLIC, false},
    {"join_rules", ROOM_ORDER_JOIN_RULES, false},
    {"guest_access", ROOM_ORDER_GUEST_ACCESS, false},
    {"history_visibility", ROOM_ORDER_HISTORY_VISIBILITY, false},
    {"state_events", ROOM_ORDER_STATE_EVENTS, true},
    {"alphabetical", ROOM_ORDER_NAME, false},
    {"size", ROOM_ORDER_JOINED_MEMBERS, true},
    {"id", ROOM_ORDER_NAME, false},
    {"is_encrypted", ROOM_ORDER_ENCRYPTION, false},
};
#define ORDER_WORDS                                                                                          \
    "['alphabetical', 'size', 'name', 'canonical_alias', 'joined_members', 'joined_local_members', "         \
    "'version', 'creator', 'encryption', 'federatable', 'public', 'join_rules', 'guest_access', "            \
    "'history_visibility', 'state_events']"

#define LIMIT_DEFAULT 100

static bool read_order(struct call *call, struct room_page *page)
{
    const char *word = query_get(&call->request.query, "order_by");

    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        if (word && strcmp(orders[i].word, word) != 0)
            continue;
        page->order = orders[i].order;
        page->descending = orders[i].descending;
        return true;
    }
    call_fail(call, API_INVALID_PARAM, "Query parameter 'order_by' must be one of " ORDER_WORDS);
    return false;
}

static bool read_flag(struct call *call, const char *name, enum room_flag *flag)
{
    bool set = false;

    if (!parameter_boolean(call, name, &set))
        return false;
    if (query_get(&call->request.query, name))
        *flag = set ? ROOM_FLAG_SET : ROOM_FLAG_CLEAR;
    return true;
}

static bool read_search(struct call *call, struct room_filter *filter)
{
    filter->search = query_get(&call->request.query, "search_term");
    if (!filter->search || *filter->search)
        return true;
    call_fail(call, API_INVALID_PARAM, "search_term cannot be an empty string");
    return false;
}

static bool read_asked(struct call *call, struct room_filter *filter, struct room_page *page)
{
    bool backwards = false;

    *page = (struct room_page){.limit = LIMIT_DEFAULT};
    if (!parameter_integer(call, "from", &page->from) || !parameter_integer(call, "limit", &page->limit) ||
        !read_order(call, page) || !read_search(call, filter) ||
        !read_flag(call, "public_rooms", &filter->is_public) ||
        !read_flag(call, "empty_rooms", &filter->empty) || !parameter_backwards(call, &backwards))
        return false;
    page->descending ^= backwards;
    return true;
}

json_t *room_text(struct arena *arena, const char *text)
{
    const char *clean = text ? text_clean(arena, text, strlen(text)) : NULL;

    if (!text)
        return json_null();
    return clean ? json_string(clean) : NULL;
}

/* What Matrix servers call the complexity, version 1: a 500th part of the state events, to two places. */
static double complexity_of(const struct listed_room *room)
{
    return (double)((room->state_events + 2) / 5) / 100;
}

json_t *room_row(struct arena *arena, const struct listed_room *room)
{
    return json_pack(
        "{s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:I, s:o, s:f, s:o}", "room_id",
        room_text(arena, room->id), "name", room_text(arena, room->name), "canonical_alias",
        room_text(arena, room->canonical_alias), "joined_members", (json_int_t)room->joined_members,
        "joined_local_members", (json_int_t)room->joined_local_members, "version",
        room_text(arena, room->version), "creator", room_text(arena, room->creator), "encryption",
        room_text(arena, room->encryption), "federatable", room->federatable, "public", room->is_public,
        "join_rules", room_text(arena, room->join_rules), "guest_access",
        room_text(arena, room->guest_access), "history_visibility",
        room_text(arena, room->history_visibility), "state_events", (json_int_t)room->state_events,
        "room_type", room_text(arena, room->room_type), "complexity", complexity_of(room), "estimated_size",
        room->estimated_size < 0 ? json_null() : json_integer((json_int_t)room->estimated_size));
}

/* {"rooms", "offset", "total_rooms"}, and where the pages before and after this one begin. */
static json_t *answer_of(json_t *rows, const struct room_page *page, int64_t total)
{
    json_t *answer =
        json_pack("{s:O, s:I, s:I}", "rooms", rows, "offset", page->from, "total_rooms", (json_int_t)total);
    int64_t before = page->from > page->limit ? page->from - page->limit : 0;

    if (answer && ((page->limit < total - page->from &&
                    json_object_set_new(answer, "next_batch", json_integer(page->from + page->limit)) < 0) ||
                   (page->from > 0 && json_object_set_new(answer, "prev_batch", json_integer(before)) < 0))) {
        json_decref(answer);
        return NULL;
    }
    return answer;
}

static enum err read_page(struct call *call, const struct room_filter *filter, const struct room_page *page,
                          json_t *rows, int64_t *total)
{
    struct listed_room *rooms;
    size_t count = 0;
    enum err e = db_begin(call->app->db, DB_READ);

    if (e)
        return e;
    e = db_end(call->app->db,
               room_list_page(call->app->db, filter, page, call->arena, &rooms, &count, total));
    for (size_t i = 0; !e && i < count; i++)
        if (json_array_append_new(rows, room_row(call->arena, &rooms[i])) < 0)
            e = ERR_NOMEM;
    return e;
}

json_t *rooms_get(struct call *call)
{
    struct room_filter filter = {0};
    struct room_page page;
    int64_t total = 0;
    json_t *rows, *answer = NULL;
    enum err e;

    if (!read_asked(call, &filter, &page))
        return NULL;
    rows = json_array();
    e = rows ? upkeep_rooms(&call->homeserver) : ERR_NOMEM;
    if (!e)
        e = read_page(call, &filter, &page, rows, &total);
    if (e)
        call_fail_err(call, e);
    else
        answer = answer_of(rows, &page, total);
    json_decref(rows);
    return answer;
}
