/* SPDX-License-Identifier: ISC */
/* Events as clients see them ("Client-Server API", "Room event format"). */
#ifndef MATRIX_CLIENT_EVENT_H
#define MATRIX_CLIENT_EVENT_H

#include <jansson.h>
#include <stdint.h>

#include "matrix/room_version.h"

/* What an event does not say of itself; all is borrowed. */
struct client_event {
    const struct room_version *version; /* NULL: one that we do not know */
    const char *id;
    const char *room_id;
    const char *replaces; /* the id of the state event before it in its place; NULL: none, or not known */
    const json_t *replaced_event; /* that event; NULL likewise */
    int64_t now;                  /* ms */
};

/*
 * `event`, a PDU or one of Dendrite's headered ones, as a new object in the format for clients, with the
 * members of old (user_id, and those of `unsigned` outside of it) that Synapse's admin API still has. What is
 * redacted, as its `redacted_because` says, is shown redacted, also where it is not stored like that. Shares
 * values with `event`, so it is not to be changed in place. NULL when memory is gone.
 */
json_t *client_event_new(json_t *event, const struct client_event *about);

/* The whole of it as servers have it, redacted only if it is stored so, with its id and age; likewise. */
json_t *client_event_whole(json_t *event, const struct client_event *about);

#endif
