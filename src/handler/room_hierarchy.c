/* SPDX-License-Identifier: ISC */
/*
 * The rooms of a space and of the spaces in it, depth first ("Client-Server API", "Spaces"), as far as this
 * server is in them. A page goes on after the room that the token names, which is found by going the same way
 * once more: nothing is kept between two requests, and what was moved meanwhile is neither lost nor shown
 * twice.
 */
#include <string.h>

#include "base/list.h"
#include "crypto/base64.h"
#include "handler/handlers.h"
#include "handler/parameters.h"
#include "handler/space.h"
#include "matrix/field.h"
#include "store/memberships.h"
#include "store/rooms.h"

#define LIMIT_MAX 50 /* Synapse's, too */
#define DEPTH_ALL INT64_MAX

/* A room that is still to be looked at. */
struct place {
    const char *room_id;
    int64_t depth;
};

struct walk {
    struct call *call;
    const char *root;
    int64_t max_depth;
    int64_t limit;
    const char *after;  /* the room that is to be passed before any is shown; NULL: none */
    struct list places; /* a stack of struct place */
    json_t *seen;       /* an object whose keys are room ids */
    json_t *rooms;      /* what is shown */
    const char *last;   /* of these, or of the page before; "": none */
};

/* Adds a room to what is shown. */
static enum err show(struct walk *walk, const struct room_row *room, json_t *children)
{
    json_t *entry;
    enum err e = space_room(walk->call, room, children, &entry);

    if (!e && json_array_append(walk->rooms, entry) < 0)
        e = ERR_NOMEM;
    json_decref(entry);
    walk->last = room->id;
    return e;
}

static enum err push(struct walk *walk, const char *room_id, int64_t depth)
{
    struct place *place = list_add(&walk->places);

    if (!place || !(room_id = arena_strdup(walk->call->arena, room_id)))
        return ERR_NOMEM;
    *place = (struct place){room_id, depth};
    return ERR_OK;
}

/* Shows the room, if it is not one that was shown before, and puts its children where the next is taken from.
 */
static enum err enter(struct walk *walk, const struct room_row *room, int64_t depth)
{
    json_t *children;
    enum err e = space_children(walk->call, room->id, &children);

    if (!e && !walk->after)
        e = show(walk, room, children);
    else if (!e && strcmp(walk->after, room->id) == 0)
        walk->after = NULL;
    for (size_t i = depth < walk->max_depth ? json_array_size(children) : 0; !e && i > 0; i--)
        e = push(walk, field_string(json_array_get(children, i - 1), "state_key"), depth + 1);
    json_decref(children);
    return e;
}

/* Looks at the next place. A room that this server is not in is passed over. */
static enum err step(struct walk *walk)
{
    struct db *db = walk->call->app->db;
    const struct place place = ((struct place *)walk->places.items)[--walk->places.count];
    struct room_row room;
    bool is_in = false;
    enum err e;

    if (json_object_get(walk->seen, place.room_id))
        return ERR_OK;
    if (json_object_set_new(walk->seen, place.room_id, json_true()) < 0)
        return ERR_NOMEM;
    e = rooms_find(db, place.room_id, walk->call->arena, &room);
    nids_free(&room.latest);
    if (!e)
        e = memberships_has_local(db, room.nid, &is_in);
    if (!e && is_in)
        e = enter(walk, &room, place.depth);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* What the tokens of this walk begin with, NULL when memory is gone. Room ids have no line feed. */
static const char *token_head(const struct walk *walk)
{
    return arena_printf(walk->call->arena, "%s\n%lld\n", walk->root, (long long)walk->max_depth);
}

/* Takes the last room from the token `text`; false if it is of no such walk. */
static bool read_token(struct walk *walk, const char *text)
{
    size_t size = strlen(text);
    char *token = arena_alloc(walk->call->arena, size + 1);
    const char *head = token_head(walk);

    if (!token || !head || base64_decode(text, token, &size) || strncmp(token, head, strlen(head)) != 0)
        return false;
    walk->last = token + strlen(head);
    walk->after = *walk->last ? walk->last : NULL; /* else the page before had no room */
    return true;
}

static json_t *token_of(const struct walk *walk)
{
    const char *head = token_head(walk);
    const char *text = head ? arena_printf(walk->call->arena, "%s%s", head, walk->last) : NULL;
    char *token = text ? arena_alloc(walk->call->arena, BASE64_SIZE(strlen(text))) : NULL;

    if (!token)
        return NULL;
    base64_encode(BASE64_URL, text, strlen(text), token);
    return json_string(token);
}

static json_t *answer(struct walk *walk)
{
    json_t *body = json_pack("{s:O}", "rooms", walk->rooms);

    if (!body || walk->places.count == 0 || json_object_set_new(body, "next_batch", token_of(walk)) == 0)
        return body;
    json_decref(body);
    return NULL;
}

static json_t *run(struct walk *walk)
{
    const char *from = query_get(&walk->call->request.query, "from");
    bool known = !from || !*from || read_token(walk, from);
    enum err e = known ? push(walk, walk->root, 0) : ERR_OK;

    while (!e && walk->places.count > 0 && (int64_t)json_array_size(walk->rooms) < walk->limit)
        e = step(walk);
    if (e)
        return call_fail_err(walk->call, e);
    if (!known || (walk->after && walk->places.count == 0))
        return call_fail(walk->call, API_INVALID_PARAM, "Unknown pagination token");
    return answer(walk);
}

json_t *room_hierarchy_get(struct call *call)
{
    struct walk walk = {
        .call = call,
        .root = call->parameters[0],
        .max_depth = DEPTH_ALL,
        .limit = LIMIT_MAX,
        .places = {.arena = call->arena, .item_size = sizeof(struct place)},
        .last = "",
    };
    json_t *body;

    if (!parameter_integer(call, "max_depth", &walk.max_depth) ||
        !parameter_integer(call, "limit", &walk.limit))
        return NULL;
    if (walk.limit > LIMIT_MAX)
        walk.limit = LIMIT_MAX;
    walk.seen = json_object();
    walk.rooms = json_array();
    body = run(&walk);
    json_decref(walk.seen);
    json_decref(walk.rooms);
    return body;
}
