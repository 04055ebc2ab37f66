/* SPDX-License-Identifier: ISC */
/* "Listing rooms" in the Client-Server API: the room directory, and which rooms are in it. */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "handler/parameters.h"
#include "handler/room_list.h"
#include "homeserver/upkeep.h"
#include "store/room_directory.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     2000 /* the longest page that a UI asks for */

/* Adds what there is of a text; clients take null for a value. False when memory is gone. */
static bool add_text(struct arena *arena, json_t *object, const char *key, const char *text)
{
    return !text || !*text || json_object_set_new(object, key, room_text(arena, text)) == 0;
}

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* A room as people are shown it who look for one; NULL when memory is gone. */
static json_t *entry_of(struct arena *arena, const struct directory_room *room)
{
    const struct listed_room *listed = &room->listed;
    json_t *entry = json_pack("{s:o, s:I, s:b, s:b}", "room_id", room_text(arena, listed->id),
                              "num_joined_members", (json_int_t)listed->joined_members, "world_readable",
                              is(listed->history_visibility, "world_readable"), "guest_can_join",
                              is(listed->guest_access, "can_join"));

    if (entry && add_text(arena, entry, "name", listed->name) &&
        add_text(arena, entry, "topic", room->topic) &&
        add_text(arena, entry, "canonical_alias", listed->canonical_alias) &&
        add_text(arena, entry, "avatar_url", room->avatar) &&
        add_text(arena, entry, "join_rule", listed->join_rules) &&
        add_text(arena, entry, "room_type", listed->room_type))
        return entry;
    json_decref(entry);
    return NULL;
}

/* A place in the list, as the answers name one: how many rooms come before it. */
static bool add_place(json_t *answer, const char *key, int64_t from)
{
    return json_object_set_new(answer, key, json_sprintf("%lld", (long long)from)) == 0;
}

static json_t *answer_of(json_t *chunk, int64_t from, int64_t limit, int64_t total)
{
    json_t *answer = json_pack("{s:O, s:I}", "chunk", chunk, "total_room_count_estimate", (json_int_t)total);

    if (answer && (limit >= total - from || add_place(answer, "next_batch", from + limit)) &&
        (from == 0 || add_place(answer, "prev_batch", from > limit ? from - limit : 0)))
        return answer;
    json_decref(answer);
    return NULL;
}

static enum err read_page(struct call *call, int64_t from, int64_t limit, json_t *chunk, int64_t *total)
{
    struct directory_room *rooms;
    size_t count = 0;
    enum err e = db_begin(call->app->db, DB_READ);

    if (e)
        return e;
    e = db_end(call->app->db,
               room_directory_page(call->app->db, from, limit, call->arena, &rooms, &count, total));
    for (size_t i = 0; !e && i < count; i++)
        if (json_array_append_new(chunk, entry_of(call->arena, &rooms[i])) < 0)
            e = ERR_NOMEM;
    return e;
}

json_t *public_rooms_get(struct call *call)
{
    const char *server = query_get(&call->request.query, "server");
    int64_t from = 0, limit = LIMIT_DEFAULT, total = 0;
    json_t *chunk, *answer = NULL;
    enum err e;

    if (!parameter_integer(call, "since", &from) || !parameter_integer(call, "limit", &limit))
        return NULL;
    if (server && strcmp(server, call->app->config->server_name) != 0)
        return call_fail(call, API_NOT_FOUND, "The rooms of other servers are not known here");
    if (limit == 0)
        limit = LIMIT_DEFAULT;
    limit = limit < LIMIT_MAX ? limit : LIMIT_MAX;
    chunk = json_array();
    e = chunk ? upkeep_rooms(&call->homeserver) : ERR_NOMEM;
    if (!e)
        e = read_page(call, from, limit, chunk, &total);
    if (e)
        call_fail_err(call, e);
    else
        answer = answer_of(chunk, from, limit, total);
    json_decref(chunk);
    return answer;
}

json_t *room_visibility_get(struct call *call)
{
    bool published = false;
    enum err e = room_directory_has(call->app->db, call->parameters[0], &published);

    return e ? call_fail_absent(call, e, "Unknown room")
             : json_pack("{s:s}", "visibility", published ? "public" : "private");
}

json_t *room_visibility_put(struct call *call)
{
    static const struct field fields[] = {
        {.name = "visibility", .type = FIELD_STRING, .null = NULL_IS_INVALID}};
    const char *visibility = "public";
    json_t *body = call_json(call);
    enum err e;

    if (!body || !fields_decode(call, body, fields, sizeof fields / sizeof *fields, &visibility))
        return NULL;
    if (!is(visibility, "public") && !is(visibility, "private"))
        return call_fail(call, API_BAD_JSON, "visibility must be one of ['public', 'private']");
    e = homeserver_set_published(&call->homeserver, call->parameters[0], is(visibility, "public"));
    return e ? call_fail_absent(call, e, "Unknown room") : json_object();
}
