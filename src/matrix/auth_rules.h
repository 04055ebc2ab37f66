/* SPDX-License-Identifier: ISC */
/* Who may send what ("Room Versions", section "Authorisation rules" of each version). */
#ifndef MATRIX_AUTH_RULES_H
#define MATRIX_AUTH_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <jansson.h>

#include "base/err.h"
#include "matrix/room_version.h"

/* The state that an event is checked against: its auth events, or the state of the room. */
struct auth_state {
    /* The event of this type and state key; borrowed until the check ends. NULL: there is none. */
    json_t *(*get)(void *context, const char *type, const char *state_key);
    /*
     * Whether `event` has a valid signature of this server, for join_authorised_via_users_server. NULL: it
     * has none but its sender's.
     */
    bool (*signed_by)(void *context, json_t *event, const char *server_name);
    void *context;
};

/*
 * Checks an event that has passed event_check_format() against `state`: all rules but those about its
 * auth_events. Errors: ERR_DENIED (`*reason` says why, a constant; NULL otherwise), ERR_NOMEM.
 */
MUST_CHECK enum err auth_rules_check(const struct room_version *version, json_t *event,
                                     const struct auth_state *state, const char **reason);

/*
 * The rules about the auth_events of `event`: `auth_events` are those events. Whether one of them was itself
 * rejected is for the caller to know. Errors: ERR_DENIED, as above.
 */
MUST_CHECK enum err auth_rules_check_auth_events(const struct room_version *version, const json_t *event,
                                                 json_t *const *auth_events, size_t count,
                                                 const char **reason);

/* A place in the state of a room. Both are borrowed. */
struct auth_key {
    const char *type;
    const char *state_key;
};

#define AUTH_KEYS_MAX 7

/*
 * "Auth events selection": what the auth_events of a new event are taken from, each once, in Dendrite's
 * order. What the room does not have is left out by the caller. `state_key` is NULL for what is not a state
 * event. Returns how many.
 */
size_t auth_rules_select(const struct room_version *version, const char *type, const char *sender,
                         const char *state_key, const json_t *content, struct auth_key keys[AUTH_KEYS_MAX]);

#endif
