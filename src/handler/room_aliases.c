/* SPDX-License-Identifier: ISC */
/*
 * Aliases of rooms ("Client-Server API", "Room aliases"). Whoever is in a room may give it one, and a server
 * admin may anywhere; who may name the canonical one may take any away.
 */
#include <string.h>

#include "handler/fields.h"
#include "handler/handlers.h"
#include "matrix/field.h"
#include "matrix/power_levels.h"
#include "matrix/room_id.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/room_aliases.h"
#include "store/rooms.h"
#include "store/sync.h"

/* The path's alias, of any server; NULL after the answer has become 400. */
static const char *read_alias(struct call *call, struct room_alias *alias)
{
    const char *text = call->parameters[0];

    if (room_alias_parse(text, alias))
        return text;
    call_fail(call, API_INVALID_PARAM, "Room alias invalid");
    return NULL;
}

static bool is_ours(const struct call *call, const struct room_alias *alias)
{
    return strcmp(alias->server_name, call->app->config->server_name) == 0;
}

static bool is_admin(const struct call *call)
{
    return call->caller.owner.type == ACCOUNT_ADMIN;
}

/* Whether the caller is joined to a room. */
static enum err find_joined(struct call *call, int64_t room_nid, bool *joined)
{
    enum membership membership = MEMBERSHIP_LEAVE;
    int64_t user_nid;
    enum err e = state_keys_find(call->app->db, call->caller.user_id, &user_nid);

    if (!e)
        e = memberships_find(call->app->db, room_nid, user_nid, &membership);
    *joined = !e && membership == MEMBERSHIP_JOIN;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* An event of the room's state with no state key, as a new reference; NULL when there is none. */
static enum err find_state(struct call *call, const char *room_id, const char *type, json_t **event)
{
    const char *json;
    enum err e = sync_find_state(call->app->db, room_id, type, "", call->arena, &json);

    *event = e ? NULL : json_loads(json, JSON_ALLOW_NUL, NULL);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err find_world_readable(struct call *call, const char *room_id, bool *readable)
{
    json_t *event;
    enum err e = find_state(call, room_id, "m.room.history_visibility", &event);
    const char *visibility = field_string(field_object(event, "content"), "history_visibility");

    *readable = visibility && strcmp(visibility, "world_readable") == 0;
    json_decref(event);
    return e;
}

/* Whether the caller may see what the room is called. */
static enum err find_visible(struct call *call, const char *room_id, bool *visible)
{
    struct room_row room;
    enum err e = rooms_find(call->app->db, room_id, call->arena, &room);

    nids_free(&room.latest);
    *visible = is_admin(call);
    if (*visible || e)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    e = find_joined(call, room.nid, visible);
    return e || *visible ? e : find_world_readable(call, room_id, visible);
}

json_t *room_alias_get(struct call *call)
{
    const char *room_id, *creator, *text;
    struct room_alias alias;
    enum err e;

    if (!(text = read_alias(call, &alias)))
        return NULL;
    if (!is_ours(call, &alias))
        return call_fail(call, API_NOT_FOUND, "The aliases of other servers are not known here");
    e = room_aliases_find(call->app->db, text, call->arena, &room_id, &creator);
    if (e)
        return call_fail_absent(call, e, arena_printf(call->arena, "Room alias %s not found", text));
    return json_pack("{s:s, s:[s]}", "room_id", room_id, "servers", call->app->config->server_name);
}

json_t *room_aliases_get(struct call *call)
{
    const char *room_id = call->parameters[0];
    struct id_list aliases = {0};
    bool visible = false;
    enum err e = find_visible(call, room_id, &visible);

    if (!e && !visible)
        return call_fail(call, API_FORBIDDEN,
                         arena_printf(call->arena, "User %s not in room %s, and room previews are disabled",
                                      call->caller.user_id, room_id));
    if (!e)
        e = room_aliases_list(call->app->db, room_id, call->arena, &aliases.ids, &aliases.count);
    return e ? call_fail_err(call, e) : json_pack("{s:o}", "aliases", call_ids(&aliases));
}

/* Whether the caller may give the room an alias; false after the answer has become an error. */
static bool may_add(struct call *call, const char *room_id)
{
    struct room_row room;
    bool joined = false;
    enum err e = rooms_find(call->app->db, room_id, call->arena, &room);

    nids_free(&room.latest);
    if (!e)
        e = find_joined(call, room.nid, &joined);
    if (e == ERR_NOT_FOUND)
        call_fail(call, API_BAD_REQUEST, "Room does not exist");
    else if (e)
        call_fail_err(call, e);
    else if (!joined && !is_admin(call))
        call_fail(call, API_FORBIDDEN, "You must be in the room to create an alias for it");
    else
        return true;
    return false;
}

json_t *room_alias_put(struct call *call)
{
    static const struct field fields[] = {{.name = "room_id", .type = FIELD_STRING, .required = true}};
    const char *room_id = NULL, *text;
    struct room_alias alias;
    json_t *body;
    enum err e;

    if (!(text = read_alias(call, &alias)) || !(body = call_json(call)) ||
        !fields_decode(call, body, fields, sizeof fields / sizeof *fields, &room_id))
        return NULL;
    if (!is_ours(call, &alias))
        return call_fail(call, API_BAD_REQUEST, "Room alias must be local");
    if (!may_add(call, room_id))
        return NULL;
    e = homeserver_add_alias(&call->homeserver, text, room_id, call->caller.user_id);
    if (e == ERR_EXISTS)
        return call_fail(call, API_IN_USE, arena_printf(call->arena, "Room alias %s already exists", text));
    if (e == ERR_NOT_FOUND)
        return call_fail(call, API_BAD_REQUEST, "Room does not exist");
    return e ? call_fail_err(call, e) : json_object();
}

/* Whether the caller has the power to name the canonical alias of a room, and is in it. */
static enum err find_power(struct call *call, const char *room_id, bool *has)
{
    struct power_levels levels = {0};
    json_t *power = NULL, *create = NULL;
    struct room_row room;
    enum err e = rooms_find(call->app->db, room_id, call->arena, &room);

    nids_free(&room.latest);
    if (!e)
        e = find_joined(call, room.nid, has);
    if (!e)
        e = find_state(call, room_id, "m.room.power_levels", &power);
    if (!e)
        e = find_state(call, room_id, "m.room.create", &create);
    levels.version = e ? NULL : room_version_known(room.version);
    if (levels.version) {
        levels.content = field_object(power, "content");
        power_levels_take_creators(&levels, create);
        *has = *has && power_levels_of_user(&levels, call->caller.user_id) >=
                           power_levels_to_send(&levels, "m.room.canonical_alias", true);
    }
    json_decref(power);
    json_decref(create);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Whether the caller may take an alias away; false after the answer has become an error. */
static bool may_delete(struct call *call, const char *alias)
{
    const char *room_id, *creator;
    bool may = is_admin(call);
    enum err e = room_aliases_find(call->app->db, alias, call->arena, &room_id, &creator);

    if (!e && !may)
        may = strcmp(creator, call->caller.user_id) == 0;
    if (!e && !may)
        e = find_power(call, room_id, &may);
    if (e)
        call_fail_absent(call, e, "Unknown room alias");
    else if (!may)
        call_fail(call, API_FORBIDDEN, "You don't have permission to delete the alias.");
    return !e && may;
}

json_t *room_alias_delete(struct call *call)
{
    struct room_alias alias;
    const char *text;
    enum err e;

    if (!(text = read_alias(call, &alias)))
        return NULL;
    if (!may_delete(call, text))
        return NULL;
    e = homeserver_delete_alias(&call->homeserver, text);
    return e ? call_fail_absent(call, e, "Unknown room alias") : json_object();
}
