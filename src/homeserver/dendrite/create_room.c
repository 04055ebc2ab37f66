/* SPDX-License-Identifier: ISC */
/*
 * A user makes a room. Dendrite gives it its id, so that nobody knows it when the answer is lost: a room that
 * is to be made once has the key in the event that makes it, by which it is found again.
 */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "homeserver/dendrite/rooms.h"
#include "matrix/field.h"
#include "matrix/json_wipe.h"
#include "store/rooms.h"
#include "store/sync.h"

#define KEY "mxadmin.key" /* in the content of m.room.create */

/* How long Dendrite may take for the rest of a room after the event that makes it. */
#define REST_MS 5000
static const struct timespec look_again = {.tv_nsec = 50000000};

/* NULL for what is left out. */
static const char *given(const char *text)
{
    return text && *text ? text : NULL;
}

static json_t *body_of(const struct new_room *new)
{
    bool open = new->is_public || new->is_open;
    json_t *body = json_pack("{s:s, s:s, s:s*, s:s*}", "preset", open ? "public_chat" : "private_chat",
                             "visibility", new->is_public ? "public" : "private", "name", given(new->name),
                             "topic", given(new->topic));

    if ((new->key &&json_object_set_new(body, "creation_content", json_pack("{s:s}", KEY, new->key)) < 0) ||
        (new->is_silent &&json_object_set_new(body, "power_level_content_override",
                                              json_pack("{s:i}", "users_default", -10)) < 0)) {
        json_decref(body);
        return NULL;
    }
    return body;
}

/* A search for the room of a key. */
struct search {
    const struct new_room *new;
    struct arena *arena;
    const char *room_id; /* NULL: it has not been found */
};

static enum err look_at(const char *room_id, const char *create_json, void *context)
{
    struct search *search = context;
    json_t *event = json_loads(create_json, JSON_ALLOW_NUL, NULL);
    const char *key = field_string(field_object(event, "content"), KEY);
    enum err e = ERR_OK;

    if (key && strcmp(key, search->new->key) == 0) {
        search->room_id = arena_strdup(search->arena, room_id);
        e = search->room_id ? ERR_OK : ERR_NOMEM;
    }
    json_decref(event);
    return e;
}

/* Whether Dendrite has made the whole of a room: its name is the last of what makes it. */
static enum err is_whole(struct homeserver *hs, const struct search *search, bool *whole)
{
    const char *json;
    enum err e = given(search->new->name)
                     ? sync_find_state(hs->db, search->room_id, "m.room.name", "", search->arena, &json)
                     : ERR_OK;

    *whole = !e;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err await_whole(struct homeserver *hs, const struct search *search, bool *whole)
{
    int64_t end_ms = clock_monotonic_ms() + REST_MS;
    enum err e = is_whole(hs, search, whole);

    while (!e && !*whole && clock_monotonic_ms() < end_ms) {
        nanosleep(&look_again, NULL);
        e = is_whole(hs, search, whole);
    }
    return e;
}

/* Removes a room of which Dendrite has made only a part before it died: another one takes its place. */
static enum err remove_part(struct homeserver *hs, const struct search *search)
{
    const char *user_id = dendrite_user_id(hs, search->new->creator, search->arena);
    enum membership membership = MEMBERSHIP_LEAVE;
    enum err e =
        user_id ? dendrite_membership(hs, user_id, search->room_id, search->arena, &membership) : ERR_NOMEM;

    log_warning("room %s was made only in part, and is removed", search->room_id);
    if (!e && membership != MEMBERSHIP_LEAVE)
        e = dendrite_leave_as(hs, search->new->creator, user_id, search->room_id, membership, search->arena);
    if (!e)
        e = dendrite_purge_room(hs, search->room_id, false);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err find_made(struct homeserver *hs, const struct new_room *new, struct arena *arena,
                          const char **room_id)
{
    struct search search = {new, arena, NULL};
    bool whole = true;
    enum err e = rooms_made(hs->db, new->since, look_at, &search);

    if (!e && search.room_id)
        e = await_whole(hs, &search, &whole);
    if (!e && !whole)
        e = remove_part(hs, &search);
    *room_id = whole ? search.room_id : NULL;
    return e;
}

static enum err make(struct homeserver *hs, const struct new_room *new, struct arena *arena,
                     const char **room_id)
{
    json_t *answer = NULL;
    enum err e = dendrite_ask(
        hs,
        &(struct question){.endpoint = ENDPOINT_CREATE_ROOM, .as_user = new->creator, .body = body_of(new)},
        &answer);

    if (!e)
        e = dendrite_take(answer, "room_id", arena, room_id);
    json_forget(&answer);
    return e;
}

enum err dendrite_create_room(struct homeserver *hs, const struct new_room *new, struct arena *arena,
                              const char **room_id)
{
    enum err e = dendrite_check_active(hs, new->creator, arena);

    *room_id = NULL;
    if (!e && new->key)
        e = find_made(hs, new, arena, room_id);
    return e || *room_id ? e : make(hs, new, arena, room_id);
}
