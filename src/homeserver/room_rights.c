/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "homeserver/room_rights.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"
#include "matrix/power_holders.h"
#include "store/memberships.h"
#include "store/rooms.h"
#include "store/sync.h"

/* The event at a place of the state; the caller owns it, NULL: there is none. */
static enum err read_state(const struct room_rights *rights, const char *type, const char *state_key,
                           json_t **event)
{
    const char *text = NULL;
    enum err e = sync_find_state(rights->hs->db, rights->room_id, type, state_key, rights->arena, &text);

    *event = NULL;
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (!e)
        e = canonical_json_read(text, strlen(text), event);
    return e == ERR_INVALID ? ERR_CORRUPT : e;
}

static enum err find_version(struct room_rights *rights)
{
    struct room_row row = {0};
    enum err e = rooms_find(rights->hs->db, rights->room_id, rights->arena, &row);

    nids_free(&row.latest);
    if (e)
        return e;
    rights->room_nid = row.nid;
    rights->levels.version = room_version_find(row.version);
    return rights->levels.version ? ERR_OK : ERR_INVALID;
}

enum err room_rights_open(struct room_rights *rights, struct homeserver *hs, const char *room_id,
                          struct arena *arena)
{
    enum err e;

    *rights = (struct room_rights){.hs = hs, .room_id = room_id, .arena = arena};
    e = find_version(rights);
    if (!e)
        e = read_state(rights, "m.room.create", "", &rights->create);
    if (!e && !rights->create)
        e = ERR_NOT_FOUND;
    if (!e)
        e = read_state(rights, "m.room.power_levels", "", &rights->power_levels);
    if (!e)
        e = read_state(rights, "m.room.join_rules", "", &rights->join_rules);
    if (e)
        return e;
    rights->levels.content = field_object(rights->power_levels, "content");
    rights->levels.creator = rights->levels.version->creator_is_sender
                                 ? field_string(rights->create, "sender")
                                 : field_string(field_object(rights->create, "content"), "creator");
    return ERR_OK;
}

void room_rights_close(struct room_rights *rights)
{
    json_decref(rights->create);
    json_decref(rights->power_levels);
    json_decref(rights->join_rules);
    *rights = (struct room_rights){0};
}

bool room_rights_public(const struct room_rights *rights)
{
    const char *rule = field_string(field_object(rights->join_rules, "content"), "join_rule");

    return rule && strcmp(rule, "public") == 0;
}

enum err room_rights_membership(const struct room_rights *rights, const char *user_id,
                                const char **membership)
{
    json_t *event;
    enum err e = read_state(rights, "m.room.member", user_id, &event);
    const char *text = field_string(field_object(event, "content"), "membership");

    *membership = arena_strdup(rights->arena, text ? text : "leave");
    json_decref(event);
    return e || *membership ? e : ERR_NOMEM;
}

enum err room_rights_invited(const struct room_rights *rights, const char *user_id, bool *invited)
{
    const char *membership;
    enum err e = room_rights_membership(rights, user_id, &membership);

    *invited = !e && (strcmp(membership, "join") == 0 || strcmp(membership, "invite") == 0);
    return e;
}

enum err room_rights_strongest(const struct room_rights *rights, const char **user_id)
{
    struct power_holder *holders = NULL;
    size_t count = 0;
    enum err e =
        power_holders(&rights->levels, rights->hs->config->server_name, rights->arena, &holders, &count);

    *user_id = NULL;
    for (size_t i = 0; !e && !*user_id && i < count; i++) {
        const char *membership;

        e = room_rights_membership(rights, holders[i].user_id, &membership);
        if (!e && strcmp(membership, "join") == 0)
            *user_id = holders[i].user_id;
    }
    if (!e && *user_id) {
        *user_id = arena_strdup(rights->arena, *user_id);
        e = *user_id ? ERR_OK : ERR_NOMEM;
    }
    return e;
}

static enum err refuse(const struct room_rights *rights, enum err e, const char *text)
{
    homeserver_reason(rights->hs, "%s", text);
    return e;
}

/* Nobody of this server has power there; or nobody is in the room, which then is none of ours. */
static enum err refuse_promotion(const struct room_rights *rights)
{
    struct membership_counts counts = {0};
    enum err e = memberships_count(rights->hs->db, rights->room_nid, &counts);

    if (e)
        return e;
    return refuse(rights, ERR_INVALID,
                  counts.joined_local > 0 ? "No local admin user in room" : "Server not in room");
}

/* Whether the user has to be invited, and can be. */
static enum err plan_invitation(const struct room_rights *rights, const char *user_id,
                                struct promotion *promotion)
{
    int64_t level = power_levels_of_user(&rights->levels, promotion->admin);
    const char *membership;
    enum err e = room_rights_membership(rights, user_id, &membership);

    if (e || strcmp(membership, "join") == 0 || strcmp(membership, "invite") == 0 ||
        room_rights_public(rights))
        return e;
    if (strcmp(membership, "ban") == 0)
        return refuse(rights, ERR_DENIED, "The user is banned from this room");
    if (level < power_levels_get(&rights->levels, POWER_LEVEL_INVITE))
        return refuse(rights, ERR_DENIED, "No local admin user in room with power to invite");
    promotion->invites = true;
    return ERR_OK;
}

enum err room_rights_promote(const struct room_rights *rights, const char *user_id,
                             struct promotion *promotion)
{
    const struct power_levels *levels = &rights->levels;
    int64_t level;
    enum err e;

    *promotion = (struct promotion){0};
    e = room_rights_strongest(rights, &promotion->admin);
    if (e)
        return e;
    if (!promotion->admin)
        return refuse_promotion(rights);
    level = power_levels_of_user(levels, promotion->admin);
    if (level < power_levels_to_send(levels, "m.room.power_levels", true))
        return refuse(rights, ERR_INVALID, PROMOTION_DENIED);
    e = plan_invitation(rights, user_id, promotion);
    if (e || power_levels_of_user(levels, user_id) >= level)
        return e;
    promotion->levels = power_levels_granting(levels, user_id, level);
    return promotion->levels ? ERR_OK : ERR_NOMEM;
}
