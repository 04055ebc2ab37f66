/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "homeserver/room_rights.h"
#include "matrix/canonical_json.h"
#include "matrix/field.h"
#include "matrix/power_holders.h"
#include "store/events.h"
#include "store/memberships.h"
#include "store/rooms.h"
#include "store/sync.h"

#define USUAL_LEVEL 100 /* of an admin of a room */

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
    rights->levels.version = room_version_known(row.version);
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
    power_levels_take_creators(&rights->levels, rights->create);
    return ERR_OK;
}

void room_rights_close(struct room_rights *rights)
{
    json_decref(rights->create);
    json_decref(rights->power_levels);
    json_decref(rights->join_rules);
    *rights = (struct room_rights){0};
}

enum err room_rights_begin(struct room_rights *rights, struct homeserver *hs, const char *room_id,
                           struct arena *arena)
{
    enum err e = db_begin(hs->db, DB_READ);

    if (e)
        return e;
    e = room_rights_open(rights, hs, room_id, arena);
    return e ? room_rights_end(rights, e) : ERR_OK;
}

enum err room_rights_end(struct room_rights *rights, enum err err)
{
    struct db *db = rights->hs->db;

    room_rights_close(rights);
    return db_end(db, err);
}

bool room_rights_public(const struct room_rights *rights)
{
    const char *rule = field_string(field_object(rights->join_rules, "content"), "join_rule");

    return rule && strcmp(rule, "public") == 0;
}

/* The row of a membership, which is there before another homeserver's rows for clients are. */
static enum err find_membership(const struct room_rights *rights, const char *user_id,
                                enum membership *membership)
{
    int64_t user_nid;
    enum err e = state_keys_find(rights->hs->db, user_id, &user_nid);

    *membership = MEMBERSHIP_LEAVE;
    if (!e)
        e = memberships_find(rights->hs->db, rights->room_nid, user_nid, membership);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Of who is not in the room: the row does not tell who left from who was banned. */
static enum err is_banned(const struct room_rights *rights, const char *user_id, bool *banned)
{
    json_t *event;
    enum err e = read_state(rights, "m.room.member", user_id, &event);
    const char *membership = field_string(field_object(event, "content"), "membership");

    *banned = membership && strcmp(membership, "ban") == 0;
    json_decref(event);
    return e;
}

/* A user's membership, a constant; "leave" when there is none. */
static enum err membership_of(const struct room_rights *rights, const char *user_id, const char **membership)
{
    static const char *const names[] = {
        [MEMBERSHIP_INVITE] = "invite", [MEMBERSHIP_JOIN] = "join", [MEMBERSHIP_KNOCK] = "knock"};
    enum membership found;
    bool banned;
    enum err e = find_membership(rights, user_id, &found);

    *membership = "leave";
    if (e)
        return e;
    if (found != MEMBERSHIP_LEAVE) {
        *membership = names[found];
        return ERR_OK;
    }
    e = is_banned(rights, user_id, &banned);
    if (banned)
        *membership = "ban";
    return e;
}

enum err room_rights_invited(const struct room_rights *rights, const char *user_id, bool *invited)
{
    const char *membership;
    enum err e = membership_of(rights, user_id, &membership);

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

        e = membership_of(rights, holders[i].user_id, &membership);
        if (!e && strcmp(membership, "join") == 0)
            *user_id = holders[i].user_id;
    }
    if (!e && *user_id) {
        *user_id = arena_strdup(rights->arena, *user_id);
        e = *user_id ? ERR_OK : ERR_NOMEM;
    }
    return e;
}

static bool may_merge(const struct room_rights *rights, const char *user_id)
{
    return power_levels_of_user(&rights->levels, user_id) >=
           power_levels_to_send(&rights->levels, MERGING_TYPE, false);
}

/* The strongest one, or where nobody has power by name, whoever is in the room the longest. */
static enum err find_member(const struct room_rights *rights, const char **user_id)
{
    struct member *members = NULL;
    size_t count = 0;
    enum err e = room_rights_strongest(rights, user_id);

    if (e || (*user_id && may_merge(rights, *user_id)))
        return e;
    e = memberships_local(rights->hs->db, rights->room_nid, 0, 1, rights->arena, &members, &count);
    if (!e && count > 0)
        *user_id = members[0].user_id;
    return e;
}

/* Whether the helper, who is in the room or not, can send something to it. */
static enum err try_helper(const struct room_rights *rights, const char *helper,
                           struct merging_sender *sender)
{
    const char *membership;
    enum err e = membership_of(rights, helper, &membership);

    if (!e && (strcmp(membership, "invite") == 0 ||
               (room_rights_public(rights) && strcmp(membership, "ban") != 0))) {
        sender->user_id = helper;
        sender->joins = true;
    }
    return e;
}

enum err room_rights_merging(const struct room_rights *rights, const char *helper,
                             struct merging_sender *sender)
{
    enum err e;

    *sender = (struct merging_sender){0};
    e = find_member(rights, &sender->user_id);
    if (!e && !sender->user_id && helper)
        e = try_helper(rights, helper, sender);
    if (!e && sender->user_id)
        sender->by_membership = !may_merge(rights, sender->user_id);
    return e;
}

static enum err read_content(const struct room_rights *rights, int64_t event_nid, json_t **content)
{
    struct stored_event stored = {0};
    json_t *event = NULL;
    const char *membership;
    enum err e = events_find(rights->hs->db, event_nid, &stored);

    if (!e)
        e = canonical_json_read(stored.json.data, stored.json.length, &event);
    *content = json_incref(field_object(event, "content"));
    membership = field_string(*content, "membership");
    if (!e && (!membership || strcmp(membership, "join") != 0))
        e = ERR_NOT_FOUND;
    json_decref(event);
    buf_free(&stored.json);
    return e;
}

enum err room_rights_member(const struct room_rights *rights, const char *user_id, json_t **content)
{
    int64_t user_nid, event_nid;
    enum err e = state_keys_find(rights->hs->db, user_id, &user_nid);

    *content = NULL;
    if (!e)
        e = memberships_event(rights->hs->db, rights->room_nid, user_nid, &event_nid);
    if (!e)
        e = read_content(rights, event_nid, content);
    if (!e)
        return ERR_OK;
    json_decref(*content);
    *content = NULL;
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
    enum err e = membership_of(rights, user_id, &membership);

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

/* The level that the user is to have: the admin's own, or where that is above all levels, the usual one. */
static int64_t level_to_give(int64_t level)
{
    return level == POWER_LEVEL_CREATOR ? USUAL_LEVEL : level;
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
    level = level_to_give(level);
    if (e || power_levels_of_user(levels, user_id) >= level)
        return e;
    promotion->levels = power_levels_granting(levels, user_id, level);
    return promotion->levels ? ERR_OK : ERR_NOMEM;
}
