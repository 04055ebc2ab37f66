/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "matrix/auth_judge.h"
#include "matrix/field.h"
#include "matrix/room_id.h"

enum err auth_deny(struct auth_judge *judge, const char *reason)
{
    judge->reason = reason;
    return ERR_DENIED;
}

/* The content of the event at this place of the state; NULL when there is none. */
static json_t *state_content(const struct auth_judge *judge, const char *type, const char *state_key)
{
    return field_object(judge->state->get(judge->state->context, type, state_key), "content");
}

bool auth_is(const struct auth_judge *judge, const char *user_id, const char *membership)
{
    const char *found = field_string(state_content(judge, "m.room.member", user_id), "membership");

    return strcmp(found ? found : "leave", membership) == 0;
}

bool auth_has_level(const struct auth_judge *judge, const char *user_id, enum power_level which)
{
    return power_levels_of_user(&judge->levels, user_id) >= power_levels_get(&judge->levels, which);
}

static bool same_server(const char *user_id, const char *server_name)
{
    struct user_id user;

    return user_id_parse(user_id, &user) && strcmp(user.server_name, server_name) == 0;
}

/* Rule 1, "If type is m.room.create". */
static enum err check_create(struct auth_judge *judge)
{
    const json_t *named = json_object_get(judge->content, "room_version");
    const char *room_id = field_string(judge->event, "room_id");
    struct room_id room;

    if (field_count(judge->event, "prev_events") > 0)
        return auth_deny(judge, "m.room.create has previous events");
    if (!room_id || !room_id_parse(room_id, &room) || !same_server(judge->sender, room.server_name))
        return auth_deny(judge, "the room id is not of the server of the sender");
    if (named && (!json_is_string(named) || !room_version_find(json_string_value(named))))
        return auth_deny(judge, "the room version is not known");
    if (!judge->version->creator_is_sender && !json_object_get(judge->content, "creator"))
        return auth_deny(judge, "m.room.create names no creator");
    return ERR_OK;
}

/* Rule 3: a room with m.federate false is its creator's server's alone. */
static bool may_federate(const struct auth_judge *judge)
{
    const char *creator = field_string(judge->create, "sender");
    struct user_id user;

    if (!json_is_false(json_object_get(field_object(judge->create, "content"), "m.federate")))
        return true;
    return creator && user_id_parse(creator, &user) && same_server(judge->sender, user.server_name);
}

/* Rule 4 up to room version 5. */
static enum err check_aliases(struct auth_judge *judge)
{
    if (!judge->state_key || !same_server(judge->sender, judge->state_key))
        return auth_deny(judge, "the state key of m.room.aliases is not the server of the sender");
    return ERR_OK;
}

/* What follows the sigil and the local part of an event id of room versions 1 and 2; NULL when there is none.
 */
static const char *event_server(const char *event_id)
{
    const char *colon = event_id ? strchr(event_id, ':') : NULL;

    return colon ? colon + 1 : NULL;
}

/* Rule 11 of room versions 1 and 2. */
static enum err check_redaction(struct auth_judge *judge)
{
    const char *redacted = event_server(field_string(judge->event, "redacts"));
    const char *own = event_server(field_string(judge->event, "event_id"));

    if (auth_has_level(judge, judge->sender, POWER_LEVEL_REDACT))
        return ERR_OK;
    if (redacted && own && strcmp(redacted, own) == 0)
        return ERR_OK;
    return auth_deny(judge, "the sender's power level is less than the redact level");
}

/* The rules after those for m.room.member. */
static enum err check_others(struct auth_judge *judge)
{
    int64_t required = power_levels_to_send(&judge->levels, judge->type, judge->state_key != NULL);

    if (!auth_is(judge, judge->sender, "join"))
        return auth_deny(judge, "the sender is not joined");
    if (strcmp(judge->type, "m.room.third_party_invite") == 0)
        return auth_has_level(judge, judge->sender, POWER_LEVEL_INVITE)
                   ? ERR_OK
                   : auth_deny(judge, "the sender's power level is less than the invite level");
    if (judge->sender_level < required)
        return auth_deny(judge, "the sender's power level is less than the event type requires");
    if (judge->state_key && judge->state_key[0] == '@' && strcmp(judge->state_key, judge->sender) != 0)
        return auth_deny(judge, "the state key is another user");
    if (strcmp(judge->type, "m.room.power_levels") == 0)
        return auth_power_levels(judge);
    if (judge->version->redactions_authorised && strcmp(judge->type, "m.room.redaction") == 0)
        return check_redaction(judge);
    return ERR_OK;
}

/* Takes from the state what the rules look at. */
static void look_up(struct auth_judge *judge)
{
    judge->create = judge->state->get(judge->state->context, "m.room.create", "");
    judge->creator = judge->version->creator_is_sender
                         ? field_string(judge->create, "sender")
                         : field_string(field_object(judge->create, "content"), "creator");
    judge->levels.version = judge->version;
    judge->levels.content = state_content(judge, "m.room.power_levels", "");
    judge->levels.creator = judge->creator;
    judge->sender_level = power_levels_of_user(&judge->levels, judge->sender);
}

static enum err check(struct auth_judge *judge)
{
    if (!judge->type || !judge->sender || !judge->content)
        return auth_deny(judge, "the event is malformed");
    if (strcmp(judge->type, "m.room.create") == 0)
        return check_create(judge);
    look_up(judge);
    if (!judge->create)
        return auth_deny(judge, "there is no m.room.create event");
    if (!may_federate(judge))
        return auth_deny(judge, "the room is not federated and the sender is of another server");
    if (judge->version->aliases_authorised && strcmp(judge->type, "m.room.aliases") == 0)
        return check_aliases(judge);
    if (strcmp(judge->type, "m.room.member") == 0)
        return auth_member(judge);
    return check_others(judge);
}

enum err auth_rules_check(const struct room_version *version, json_t *event, const struct auth_state *state,
                          const char **reason)
{
    struct auth_judge judge = {
        .version = version,
        .event = event,
        .state = state,
        .type = field_string(event, "type"),
        .sender = field_string(event, "sender"),
        .state_key = field_string(event, "state_key"),
        .content = field_object(event, "content"),
    };
    enum err e = check(&judge);

    *reason = judge.reason;
    return e;
}
