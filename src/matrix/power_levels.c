/* SPDX-License-Identifier: ISC */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "matrix/field.h"
#include "matrix/power_levels.h"

#define CREATOR_LEVEL 100 /* while there is no m.room.power_levels event */

static const struct {
    const char *name;
    int64_t otherwise;
} rows[] = {
    [POWER_LEVEL_USERS_DEFAULT] = {"users_default", 0},
    [POWER_LEVEL_EVENTS_DEFAULT] = {"events_default", 0},
    [POWER_LEVEL_STATE_DEFAULT] = {"state_default", 50},
    [POWER_LEVEL_BAN] = {"ban", 50},
    [POWER_LEVEL_REDACT] = {"redact", 50},
    [POWER_LEVEL_KICK] = {"kick", 50},
    [POWER_LEVEL_INVITE] = {"invite", 0},
};
_Static_assert(sizeof rows / sizeof *rows == POWER_LEVEL__MAX, "a row for every level");

void power_levels_take_creators(struct power_levels *levels, const json_t *create)
{
    const json_t *content = field_object(create, "content");

    levels->creator = levels->version->creator_is_sender ? field_string(create, "sender")
                                                         : field_string(content, "creator");
    levels->more_creators =
        levels->version->creators_privileged ? json_object_get(content, "additional_creators") : NULL;
}

/* "values as strings": white space, a sign, decimal digits (just what strtoll() takes), white space. */
static bool read_string(const json_t *value, int64_t *level)
{
    const char *text = json_string_value(value);
    char *end;

    errno = 0;
    *level = strtoll(text, &end, 10);
    if (end == text || errno == ERANGE)
        return false;
    while (isspace((unsigned char)*end))
        end++;
    return end == text + json_string_length(value);
}

/* "values as floats": cut off at the decimal point. */
static bool read_real(double number, int64_t *level)
{
    if (number >= 0x1p63 || number < -0x1p63)
        return false;
    *level = (int64_t)number;
    return true;
}

bool power_levels_read(const struct room_version *version, const json_t *value, int64_t *level)
{
    if (json_is_integer(value)) {
        *level = json_integer_value(value);
        return true;
    }
    if (json_is_string(value) && version->power_levels != POWER_LEVEL_INTEGER)
        return read_string(value, level);
    if (json_is_real(value) && version->power_levels == POWER_LEVEL_ANY_NUMBER)
        return read_real(json_real_value(value), level);
    return false;
}

const char *power_levels_name(enum power_level which)
{
    return rows[which].name;
}

/* The level `name` of `object`, which may be NULL; false when there is none. */
static bool find(const struct power_levels *levels, const json_t *object, const char *name, int64_t *level)
{
    return power_levels_read(levels->version, json_object_get(object, name), level);
}

int64_t power_levels_get(const struct power_levels *levels, enum power_level which)
{
    int64_t level;

    return find(levels, levels->content, rows[which].name, &level) ? level : rows[which].otherwise;
}

/* Whether a user has made the room, alone or with others. */
static bool is_creator(const struct power_levels *levels, const char *user_id)
{
    if (levels->creator && strcmp(levels->creator, user_id) == 0)
        return true;
    for (size_t i = 0; i < json_array_size(levels->more_creators); i++) {
        const char *creator = json_string_value(json_array_get(levels->more_creators, i));

        if (creator && strcmp(creator, user_id) == 0)
            return true;
    }
    return false;
}

int64_t power_levels_of_user(const struct power_levels *levels, const char *user_id)
{
    int64_t level;

    if (levels->version->creators_privileged && is_creator(levels, user_id))
        return POWER_LEVEL_CREATOR;
    if (!levels->content)
        return levels->creator && strcmp(levels->creator, user_id) == 0 ? CREATOR_LEVEL : 0;
    if (find(levels, field_object(levels->content, "users"), user_id, &level))
        return level;
    return power_levels_get(levels, POWER_LEVEL_USERS_DEFAULT);
}

int64_t power_levels_to_send(const struct power_levels *levels, const char *type, bool is_state)
{
    int64_t level;

    if (find(levels, field_object(levels->content, "events"), type, &level))
        return level;
    return power_levels_get(levels, is_state ? POWER_LEVEL_STATE_DEFAULT : POWER_LEVEL_EVENTS_DEFAULT);
}
