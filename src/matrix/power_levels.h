/* SPDX-License-Identifier: ISC */
/* Power levels (Client-Server API, "m.room.power_levels"; "Room Versions" for how they may be written). */
#ifndef MATRIX_POWER_LEVELS_H
#define MATRIX_POWER_LEVELS_H

#include <stdbool.h>
#include <stdint.h>
#include <jansson.h>

#include "matrix/room_version.h"

/* The levels that have a name of their own in the content. */
enum power_level {
    POWER_LEVEL_USERS_DEFAULT,
    POWER_LEVEL_EVENTS_DEFAULT,
    POWER_LEVEL_STATE_DEFAULT,
    POWER_LEVEL_BAN,
    POWER_LEVEL_REDACT,
    POWER_LEVEL_KICK,
    POWER_LEVEL_INVITE,
    POWER_LEVEL__MAX
};

/* The power levels of a room at some point. Everything is borrowed. */
struct power_levels {
    const struct room_version *version;
    const json_t *content;       /* of the m.room.power_levels event; NULL: the room has none */
    const char *creator;         /* who has 100 as long as there is no such event; NULL: nobody */
    const json_t *more_creators; /* `additional_creators`, where creators are privileged; NULL: none */
};

/* The level of a creator who is privileged: above all that an event can say. */
#define POWER_LEVEL_CREATOR INT64_MAX

/* Takes from the m.room.create event who has made the room; NULL: it is not known. The version is there. */
void power_levels_take_creators(struct power_levels *levels, const json_t *create);

/*
 * Takes what is written as one level; false when the room version does not allow it (it is no integer, or
 * beyond 64 bits).
 */
bool power_levels_read(const struct room_version *version, const json_t *value, int64_t *level);

/* The name of a level in the content. */
const char *power_levels_name(enum power_level which);

/*
 * The levels as they hold: what is absent has its default, and what cannot be read counts as absent (only
 * events from before room version 10 can have such, see authorisation rule 9.1 there).
 */
int64_t power_levels_get(const struct power_levels *levels, enum power_level which);
int64_t power_levels_of_user(const struct power_levels *levels, const char *user_id);

/* The "required power level" of an event type. For m.room.member, see the authorisation rules instead. */
int64_t power_levels_to_send(const struct power_levels *levels, const char *type, bool is_state);

#endif
