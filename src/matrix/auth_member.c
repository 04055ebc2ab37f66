/* SPDX-License-Identifier: ISC */
/* The authorisation rules for m.room.member; numbers of rules are those of room version 10. */
#include <string.h>

#include "matrix/auth_judge.h"
#include "matrix/event.h"
#include "matrix/field.h"

/* The join rule of the room; without m.room.join_rules it is "invite" (Client-Server API,
 * "m.room.join_rules"). */
static const char *join_rule(const struct auth_judge *judge)
{
    const json_t *event = judge->state->get(judge->state->context, "m.room.join_rules", "");
    const char *rule = field_string(field_object(event, "content"), "join_rule");

    return rule ? rule : "invite";
}

/* Whether the version knows the join rule, by the feature it came with. */
static bool is_rule(const char *rule, const char *name, bool known)
{
    return known && strcmp(rule, name) == 0;
}

static bool is_invited_or_joined(const struct auth_judge *judge, const char *user_id)
{
    return auth_is(judge, user_id, "invite") || auth_is(judge, user_id, "join");
}

/* The id in an element of prev_events, which is a pair in room versions 1 and 2. */
static const char *reference_id(const json_t *reference)
{
    return json_string_value(json_is_array(reference) ? json_array_get(reference, 0) : reference);
}

/* Rule 4.3.1: the creator's first join, right after m.room.create. */
static enum err is_first_join(const struct auth_judge *judge, bool *first)
{
    const json_t *prev = json_object_get(judge->event, "prev_events");
    const char *only = reference_id(json_array_get(prev, 0));
    char create_id[ID_SIZE];
    enum err e;

    *first = false;
    if (json_array_size(prev) != 1 || !only || !judge->creator ||
        strcmp(judge->state_key, judge->creator) != 0)
        return ERR_OK;
    e = event_id_of(judge->version, judge->create, create_id);
    *first = !e && strcmp(create_id, only) == 0;
    return e == ERR_NOMEM ? e : ERR_OK;
}

/* Rule 4.2: who vouches for a restricted join has their server sign it. */
static enum err check_authorising_server(struct auth_judge *judge)
{
    const char *user_id = field_string(judge->content, "join_authorised_via_users_server");
    const struct auth_state *state = judge->state;
    struct user_id user;

    if (!judge->version->restricted || !json_object_get(judge->content, "join_authorised_via_users_server"))
        return ERR_OK;
    if (!user_id || !user_id_parse(user_id, &user) || !state->signed_by ||
        !state->signed_by(state->context, judge->event, user.server_name))
        return auth_deny(judge, "the server of join_authorised_via_users_server has not signed");
    return ERR_OK;
}

/* Rule 4.3.5. */
static enum err check_restricted_join(struct auth_judge *judge)
{
    const char *user_id = field_string(judge->content, "join_authorised_via_users_server");

    if (is_invited_or_joined(judge, judge->sender))
        return ERR_OK;
    if (!user_id || !auth_is(judge, user_id, "join") || !auth_has_level(judge, user_id, POWER_LEVEL_INVITE))
        return auth_deny(judge, "the join is not authorised by a member who may invite");
    return ERR_OK;
}

/* Rule 4.3. */
static enum err check_join(struct auth_judge *judge)
{
    const struct room_version *version = judge->version;
    const char *rule = join_rule(judge);
    bool first;
    enum err e = is_first_join(judge, &first);

    if (e || first)
        return e;
    if (strcmp(judge->sender, judge->state_key) != 0)
        return auth_deny(judge, "the sender joins another user");
    if (auth_is(judge, judge->sender, "ban"))
        return auth_deny(judge, "the sender is banned");
    if (is_rule(rule, "public", true))
        return ERR_OK;
    if (is_rule(rule, "restricted", version->restricted) ||
        is_rule(rule, "knock_restricted", version->knock_restricted))
        return check_restricted_join(judge);
    if (!is_rule(rule, "invite", true) && !is_rule(rule, "knock", version->knock))
        return auth_deny(judge, "the join rule lets nobody join");
    return is_invited_or_joined(judge, judge->sender) ? ERR_OK
                                                      : auth_deny(judge, "the sender is not invited");
}

/* Rule 4.4. */
static enum err check_invite(struct auth_judge *judge)
{
    json_t *third_party = json_object_get(judge->content, "third_party_invite");

    if (third_party)
        return auth_third_party_invite(judge, third_party);
    if (!auth_is(judge, judge->sender, "join"))
        return auth_deny(judge, "the sender is not joined");
    if (auth_is(judge, judge->state_key, "join") || auth_is(judge, judge->state_key, "ban"))
        return auth_deny(judge, "the target is joined or banned");
    if (!auth_has_level(judge, judge->sender, POWER_LEVEL_INVITE))
        return auth_deny(judge, "the sender's power level is less than the invite level");
    return ERR_OK;
}

/* Rules 4.5.4 and 4.6.2: the level `which`, and more than the target has. */
static enum err check_power_over_target(struct auth_judge *judge, enum power_level which)
{
    if (judge->sender_level < power_levels_get(&judge->levels, which))
        return auth_deny(judge, which == POWER_LEVEL_BAN
                                    ? "the sender's power level is less than the ban level"
                                    : "the sender's power level is less than the kick level");
    if (power_levels_of_user(&judge->levels, judge->state_key) >= judge->sender_level)
        return auth_deny(judge, "the target's power level is not less than the sender's");
    return ERR_OK;
}

/* Rule 4.5. */
static enum err check_leave(struct auth_judge *judge)
{
    if (strcmp(judge->sender, judge->state_key) == 0) {
        bool knocked = judge->version->knock && auth_is(judge, judge->sender, "knock");

        return knocked || is_invited_or_joined(judge, judge->sender)
                   ? ERR_OK
                   : auth_deny(judge, "the sender is not in the room");
    }
    if (!auth_is(judge, judge->sender, "join"))
        return auth_deny(judge, "the sender is not joined");
    if (auth_is(judge, judge->state_key, "ban") && !auth_has_level(judge, judge->sender, POWER_LEVEL_BAN))
        return auth_deny(judge, "the sender's power level is less than the ban level");
    return check_power_over_target(judge, POWER_LEVEL_KICK);
}

/* Rule 4.6. */
static enum err check_ban(struct auth_judge *judge)
{
    if (!auth_is(judge, judge->sender, "join"))
        return auth_deny(judge, "the sender is not joined");
    return check_power_over_target(judge, POWER_LEVEL_BAN);
}

/* Rule 4.7. */
static enum err check_knock(struct auth_judge *judge)
{
    const char *rule = join_rule(judge);

    if (!judge->version->knock)
        return auth_deny(judge, "the room version has no knocking");
    if (!is_rule(rule, "knock", true) && !is_rule(rule, "knock_restricted", judge->version->knock_restricted))
        return auth_deny(judge, "the join rule lets nobody knock");
    if (strcmp(judge->sender, judge->state_key) != 0)
        return auth_deny(judge, "the sender knocks for another user");
    if (auth_is(judge, judge->sender, "ban") || is_invited_or_joined(judge, judge->sender))
        return auth_deny(judge, "the sender is banned, invited or joined");
    return ERR_OK;
}

static const struct {
    const char *membership;
    enum err (*check)(struct auth_judge *judge);
} rules[] = {
    {"join", check_join}, {"invite", check_invite}, {"leave", check_leave},
    {"ban", check_ban},   {"knock", check_knock},
};

enum err auth_member(struct auth_judge *judge)
{
    const char *membership = field_string(judge->content, "membership");
    enum err e;

    if (!judge->state_key || !membership)
        return auth_deny(judge, "m.room.member without a state key or membership");
    e = check_authorising_server(judge);
    if (e)
        return e;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].membership, membership) == 0)
            return rules[i].check(judge);
    return auth_deny(judge, "the membership is unknown");
}
