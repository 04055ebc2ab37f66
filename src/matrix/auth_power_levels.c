/* SPDX-License-Identifier: ISC */
/* The authorisation rules for m.room.power_levels; numbers of rules are those of room version 10. */
#include <string.h>

#include "matrix/auth_judge.h"
#include "matrix/field.h"
#include "matrix/id.h"

/* A map of levels in the content, before and after. NULL is an empty one. */
struct change {
    json_t *before, *after;
};

/* Rule 9.1, since room version 10. */
static bool are_named_levels_integers(const json_t *content)
{
    for (enum power_level which = 0; which < POWER_LEVEL__MAX; which++) {
        const json_t *value = json_object_get(content, power_levels_name(which));

        if (value && !json_is_integer(value))
            return false;
    }
    return true;
}

/* Rules 9.2 and 9.3: an object whose values are levels, and whose names are user ids if they are `users`. */
static bool is_map(const struct room_version *version, json_t *map, bool users)
{
    struct user_id user;
    const char *name;
    json_t *value;
    int64_t level;

    if (!json_is_object(map))
        return false;
    json_object_foreach(map, name, value) if ((users && !user_id_parse(name, &user)) ||
                                              !power_levels_read(version, value, &level)) return false;
    return true;
}

/* What is wrong with the new content by itself; NULL if nothing. No `users` at all is taken as an empty one.
 */
static const char *find_fault(const struct room_version *version, const json_t *content)
{
    json_t *users = json_object_get(content, "users");
    json_t *events = json_object_get(content, "events");
    json_t *notifications = json_object_get(content, "notifications");

    if (users && !is_map(version, users, true))
        return "users is not a map of user ids to levels";
    if (version->power_levels != POWER_LEVEL_INTEGER)
        return NULL;
    if (!are_named_levels_integers(content))
        return "a power level is not an integer";
    if ((events && !is_map(version, events, false)) ||
        (notifications && !is_map(version, notifications, false)))
        return "events or notifications is not a map of integers";
    return NULL;
}

/*
 * Rules 9.5 to 9.9 for one level: what was there and is to change must not be above the sender, nor must what
 * is to be there; what is absent, on either side, is neither. `equals` forbids what was equal to the sender's
 * own too.
 */
static bool may_change(const struct auth_judge *judge, const json_t *before, const json_t *after, bool equals)
{
    const struct room_version *version = judge->version;
    int64_t old_level = 0, new_level = 0;
    bool was = power_levels_read(version, before, &old_level),
         is = power_levels_read(version, after, &new_level);

    if (was == is && old_level == new_level)
        return true;
    if (was && (old_level > judge->sender_level || (equals && old_level == judge->sender_level)))
        return false;
    return !is || new_level <= judge->sender_level;
}

/* Rules 9.6 to 9.9 for every entry of a map. In `users`, the sender may lower their own. */
static bool may_change_map(const struct auth_judge *judge, struct change map, bool users)
{
    const char *name;
    json_t *value;

    json_object_foreach(map.before, name, value)
    {
        bool equals = users && strcmp(name, judge->sender) != 0;

        if (!may_change(judge, value, json_object_get(map.after, name), equals))
            return false;
    }
    json_object_foreach(map.after, name, value) if (!json_object_get(map.before, name) &&
                                                    !may_change(judge, NULL, value, false)) return false;
    return true;
}

static struct change change_of(const struct auth_judge *judge, const char *name)
{
    return (struct change){field_object(judge->levels.content, name), field_object(judge->content, name)};
}

enum err auth_power_levels(struct auth_judge *judge)
{
    const json_t *before = judge->levels.content;
    const char *fault = find_fault(judge->version, judge->content);

    if (fault)
        return auth_deny(judge, fault);
    if (!before)
        return ERR_OK;
    for (enum power_level which = 0; which < POWER_LEVEL__MAX; which++) {
        const char *name = power_levels_name(which);

        if (!may_change(judge, json_object_get(before, name), json_object_get(judge->content, name), false))
            return auth_deny(judge, "a level changes that is, or becomes, above the sender's");
    }
    if (!may_change_map(judge, change_of(judge, "events"), false))
        return auth_deny(judge, "a level in events changes that is, or becomes, above the sender's");
    if (judge->version->notification_levels &&
        !may_change_map(judge, change_of(judge, "notifications"), false))
        return auth_deny(judge, "a level in notifications changes that is, or becomes, above the sender's");
    if (!may_change_map(judge, change_of(judge, "users"), true))
        return auth_deny(judge, "a user's level changes that is not below, or becomes above, the sender's");
    return ERR_OK;
}
