/* SPDX-License-Identifier: ISC */
/* What the files of the authorisation rules share; nobody else includes it. */
#ifndef MATRIX_AUTH_JUDGE_H
#define MATRIX_AUTH_JUDGE_H

#include <stdint.h>
#include <jansson.h>

#include "matrix/auth_rules.h"
#include "matrix/power_levels.h"

/* An event under judgement, and what the rules look at again and again. Everything is borrowed. */
struct auth_judge {
    const struct room_version *version;
    json_t *event;
    const struct auth_state *state;
    const char *type, *sender, *state_key; /* state_key NULL: not a state event */
    json_t *content;
    json_t *create;      /* the m.room.create event of the state */
    const char *creator; /* of the room; NULL if its create event names none */
    struct power_levels levels;
    int64_t sender_level;
    const char *reason; /* why it is denied */
};

/* Notes the reason and returns ERR_DENIED. */
enum err auth_deny(struct auth_judge *judge, const char *reason);

/* Whether the user has this membership of the state, "leave" when there is none, and whether its level is at
 * least `which`. */
bool auth_is(const struct auth_judge *judge, const char *user_id, const char *membership);
bool auth_has_level(const struct auth_judge *judge, const char *user_id, enum power_level which);

/* The rules for m.room.member, and for changes of m.room.power_levels. */
MUST_CHECK enum err auth_member(struct auth_judge *judge);
MUST_CHECK enum err auth_power_levels(struct auth_judge *judge);

/* Whether the content's third_party_invite is one that the room has (rule "third_party_invite" of invite). */
MUST_CHECK enum err auth_third_party_invite(struct auth_judge *judge, json_t *invite);

#endif
