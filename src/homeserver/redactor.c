/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "homeserver/redactor.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"
#include "matrix/id.h"
#include "matrix/power_holders.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/rooms.h"
#include "store/sync.h"

/* A room, and the choice that is made in it. */
struct choosing {
    struct homeserver *hs;
    struct arena *arena;
    struct redactor *redactor;
    struct power_levels levels;
    json_t *levels_event, *create; /* owned; NULL: there is none */
};

/* The localpart, where the user is of this server; else NULL. Memory being gone sets `*e`. */
static const char *local(struct choosing *choosing, const char *user_id, enum err *e)
{
    struct user_id id;
    const char *localpart;

    if (!user_id || !user_id_parse(user_id, &id) ||
        strcmp(id.server_name, choosing->hs->config->server_name) != 0)
        return NULL;
    localpart = arena_strdup(choosing->arena, id.localpart);
    if (!localpart)
        *e = ERR_NOMEM;
    return localpart;
}

static enum err is_joined(struct choosing *choosing, const char *user_id, bool *joined)
{
    enum membership membership = MEMBERSHIP_LEAVE;
    int64_t user_nid;
    enum err e = state_keys_find(choosing->hs->db, user_id, &user_nid);

    if (!e)
        e = memberships_find(choosing->hs->db, choosing->redactor->room_nid, user_nid, &membership);
    *joined = membership == MEMBERSHIP_JOIN;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Chooses the user, if of this server and in the room; with `redacts` only with the level for that. */
static enum err try(struct choosing *choosing, const char *user_id, bool redacts)
{
    enum err e = ERR_OK;
    const char *localpart = local(choosing, user_id, &e);
    bool joined = false;

    if (e || !localpart ||
        (redacts && power_levels_of_user(&choosing->levels, user_id) <
                        power_levels_get(&choosing->levels, POWER_LEVEL_REDACT)))
        return e;
    e = is_joined(choosing, user_id, &joined);
    if (!e && joined)
        choosing->redactor->localpart = localpart;
    return e;
}

static enum err read_state(struct choosing *choosing, const char *type, json_t **event)
{
    const char *text = NULL;
    enum err e =
        sync_find_state(choosing->hs->db, choosing->redactor->room_id, type, "", choosing->arena, &text);

    if (!e)
        e = canonical_json_read(text, strlen(text), event);
    return e == ERR_NOT_FOUND || e == ERR_INVALID ? ERR_OK : e;
}

static enum err read_levels(struct choosing *choosing)
{
    enum err e = read_state(choosing, "m.room.create", &choosing->create);

    if (!e)
        e = read_state(choosing, "m.room.power_levels", &choosing->levels_event);
    choosing->levels.content = field_object(choosing->levels_event, "content");
    power_levels_take_creators(&choosing->levels, choosing->create);
    return e;
}

/* Whoever is in the room and has the highest level by name, or has made the room. */
static enum err try_strongest(struct choosing *choosing)
{
    struct power_holder *holders = NULL;
    size_t count = 0;
    enum err e = power_holders(&choosing->levels, choosing->hs->config->server_name, choosing->arena,
                               &holders, &count);

    for (size_t i = 0; !e && !choosing->redactor->localpart && i < count; i++)
        e = try(choosing, holders[i].user_id, true);
    return e;
}

/* Somebody for a user who is not in the room any more. */
static enum err stand_in(struct choosing *choosing)
{
    struct redactor *redactor = choosing->redactor;
    enum err e = read_levels(choosing);

    if (!e)
        e = try(choosing, redactor->admin, true);
    if (!e && !redactor->localpart)
        e = try_strongest(choosing);
    json_decref(choosing->create);
    json_decref(choosing->levels_event);
    return e;
}

static enum err choose(struct choosing *choosing)
{
    struct redactor *redactor = choosing->redactor;
    enum err e = ERR_OK;
    bool by_admin = redactor->use_admin || !local(choosing, redactor->user_id, &e);
    const char *first = by_admin ? redactor->admin : redactor->user_id;

    if (!e)
        e = try(choosing, first, false);
    if (!e && !redactor->localpart && !by_admin)
        e = stand_in(choosing);
    if (e || redactor->localpart)
        return e;
    redactor->reason =
        !first     ? "It is not known in whose name it is to be redacted"
        : by_admin ? arena_printf(choosing->arena, "%s is not in the room %s", first, redactor->room_id)
                   : arena_printf(choosing->arena,
                                  "%s is not in the room %s, and nobody of this server may redact there",
                                  first, redactor->room_id);
    return redactor->reason ? ERR_OK : ERR_NOMEM;
}

/* Finds the room of the event, and its version. */
static enum err find_room(struct choosing *choosing, const char *event_id)
{
    struct event_place place = {0};
    struct room_row row = {0};
    enum err e = events_locate(choosing->hs->db, event_id, &place);

    if (!e)
        e = rooms_find_nid(choosing->hs->db, place.room_nid, choosing->arena, &row);
    nids_free(&row.latest);
    if (e)
        return e;
    choosing->redactor->room_nid = row.nid;
    choosing->redactor->room_id = row.id;
    choosing->levels.version = room_version_known(row.version);
    return choosing->levels.version ? ERR_OK : ERR_INVALID;
}

enum err redactor_choose(struct homeserver *hs, const char *event_id, struct arena *arena,
                         struct redactor *redactor)
{
    struct choosing choosing = {.hs = hs, .arena = arena, .redactor = redactor};
    enum err e = db_begin(hs->db, DB_READ);

    if (e)
        return e;
    e = find_room(&choosing, event_id);
    if (!e)
        e = choose(&choosing);
    e = db_end(hs->db, e);
    if (e != ERR_NOT_FOUND && e != ERR_INVALID)
        return e;
    redactor->reason = e == ERR_INVALID ? "The version of its room is not known" : "It is not there any more";
    return ERR_OK;
}

bool redactor_is_of_room(struct homeserver *hs, const struct redactor *redactor, const char *event_id,
                         enum err *e)
{
    struct event_place place = {0};

    *e = events_locate(hs->db, event_id, &place);
    if (*e == ERR_NOT_FOUND)
        *e = ERR_OK;
    return !*e && place.room_nid == redactor->room_nid && place.room_nid != 0;
}
