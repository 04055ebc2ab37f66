/* SPDX-License-Identifier: ISC */
/* Sessions and passwords at Dendrite, as several acts use them. */
#ifndef HOMESERVER_DENDRITE_SESSIONS_H
#define HOMESERVER_DENDRITE_SESSIONS_H

#include "homeserver/dendrite/ask.h"

/* sessions.c: the session in an answer, copied into `arena`. Errors: ERR_GATEWAY (there is none in it),
 * ERR_NOMEM. */
MUST_CHECK enum err dendrite_take_session(const json_t *answer, struct arena *arena, struct session *session);

/* What has to come after Dendrite has begun a session: it is told the audit, or ends when the account is
 * locked, with ERR_LOCKED. */
MUST_CHECK enum err dendrite_admit(struct homeserver *hs, const char *localpart, struct arena *arena,
                                   const struct session *session);

/* Ends the session of a token. ERR_DENIED: it has ended already. */
MUST_CHECK enum err dendrite_end_token(struct homeserver *hs, const char *token);

/* devices.c: the ids of a user's devices, in `arena`. */
MUST_CHECK enum err dendrite_devices(struct homeserver *hs, const char *localpart, struct arena *arena,
                                     struct id_list *device_ids);

/* accounts.c: ERR_TOO_LARGE: Dendrite cannot hash the password. */
MUST_CHECK enum err dendrite_check_password(const char *password);

/* Sets a password as an admin does; with `end_sessions` Dendrite forgets all of the user's
 * devices, without their keys. */
MUST_CHECK enum err dendrite_reset_password(struct homeserver *hs, const char *localpart,
                                            const char *password, bool end_sessions, struct arena *arena);

#endif
