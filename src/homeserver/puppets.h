/* SPDX-License-Identifier: ISC */
/* Sessions in which an admin acts as a user, in either mode. */
#ifndef HOMESERVER_PUPPETS_H
#define HOMESERVER_PUPPETS_H

#include "homeserver/homeserver.h"

/*
 * Begins a session of the user for hs->actor, who is somebody, and sees to it that it ends at
 * `valid_until_ts` (ms; 0: never), whatever dies until then. Texts live in `arena`. Errors as those of the
 * act begin_session.
 */
MUST_CHECK enum err puppets_begin(struct homeserver *hs, const char *localpart, int64_t valid_until_ts,
                                  struct arena *arena, struct session *session);

/*
 * Ends the sessions that an admin was given, whose own have ended or who is no more. ERR_NOT_FOUND never;
 * otherwise errors as those of the act end_session. What is cut off is done by calling it again.
 */
MUST_CHECK enum err puppets_end(struct homeserver *hs, const char *admin);

#endif
