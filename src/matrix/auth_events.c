/* SPDX-License-Identifier: ISC */
/* Which events authorise an event: "Auth events selection", and rule 2, which holds an event to it. */
#include <stdbool.h>
#include <string.h>

#include "matrix/auth_rules.h"
#include "matrix/field.h"

/* A list that holds each place once. */
struct selection {
    struct auth_key *keys;
    size_t count;
};

static bool is_key(const struct auth_key *key, const char *type, const char *state_key)
{
    return strcmp(key->type, type) == 0 && strcmp(key->state_key, state_key) == 0;
}

static void add(struct selection *selection, const char *type, const char *state_key)
{
    if (!state_key)
        return;
    for (size_t i = 0; i < selection->count; i++)
        if (is_key(&selection->keys[i], type, state_key))
            return;
    selection->keys[selection->count++] = (struct auth_key){type, state_key};
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

/* What an m.room.member event has besides. */
static void select_for_member(const struct room_version *version, const char *membership,
                              const char *state_key, const json_t *content, struct selection *selection)
{
    const json_t *third_party = field_object(field_object(content, "third_party_invite"), "signed");

    add(selection, "m.room.member", state_key);
    if (strcmp(membership, "invite") == 0)
        add(selection, "m.room.third_party_invite", field_string(third_party, "token"));
    if (strcmp(membership, "join") == 0 && version->restricted)
        add(selection, "m.room.member", field_string(content, "join_authorised_via_users_server"));
}

size_t auth_rules_select(const struct room_version *version, const char *type, const char *sender,
                         const char *state_key, const json_t *content, struct auth_key keys[AUTH_KEYS_MAX])
{
    const char *membership = strcmp(type, "m.room.member") == 0 ? field_string(content, "membership") : NULL;
    struct selection selection = {keys, 0};

    if (strcmp(type, "m.room.create") == 0)
        return 0;
    add(&selection, "m.room.create", "");
    if (membership && is_one_of(membership, "join", "invite", "knock"))
        add(&selection, "m.room.join_rules", "");
    add(&selection, "m.room.power_levels", "");
    add(&selection, "m.room.member", sender);
    if (strcmp(type, "m.room.member") == 0)
        select_for_member(version, membership ? membership : "", state_key, content, &selection);
    return selection.count;
}

/* The index of the place of `event` among `keys`; `count` when it is none of them. */
static size_t place_of(const json_t *event, const struct auth_key *keys, size_t count)
{
    const char *type = field_string(event, "type"), *state_key = field_string(event, "state_key");
    size_t i = 0;

    if (!type || !state_key)
        return count;
    while (i < count && !is_key(&keys[i], type, state_key))
        i++;
    return i;
}

/* What is wrong with `event` as the auth event of another in `room_id`; NULL if nothing. */
static const char *find_fault(const json_t *event, const char *room_id, const struct auth_key *keys,
                              size_t count, bool taken[AUTH_KEYS_MAX])
{
    const char *own = field_string(event, "room_id");
    size_t place = place_of(event, keys, count);

    if (place == count)
        return "an auth event is none that the event needs";
    if (taken[place])
        return "two auth events are of one type and state key";
    if (!own || strcmp(own, room_id) != 0)
        return "an auth event is of another room";
    taken[place] = true;
    return NULL;
}

enum err auth_rules_check_auth_events(const struct room_version *version, const json_t *event,
                                      json_t *const *auth_events, size_t count, const char **reason)
{
    const char *type = field_string(event, "type"), *sender = field_string(event, "sender");
    const char *room_id = field_string(event, "room_id");
    struct auth_key keys[AUTH_KEYS_MAX];
    bool taken[AUTH_KEYS_MAX] = {false};
    size_t selected;

    *reason = type && sender && room_id ? NULL : "the event is malformed";
    if (*reason)
        return ERR_DENIED;
    if (strcmp(type, "m.room.create") == 0)
        return ERR_OK; /* rule 1 has the last word on it */
    selected = auth_rules_select(version, type, sender, field_string(event, "state_key"),
                                 json_object_get(event, "content"), keys);
    for (size_t i = 0; i < count; i++) {
        *reason = find_fault(auth_events[i], room_id, keys, selected, taken);
        if (*reason)
            return ERR_DENIED;
    }
    *reason = taken[0] ? NULL : "no auth event is m.room.create";
    return taken[0] ? ERR_OK : ERR_DENIED;
}
