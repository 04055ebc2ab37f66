/* SPDX-License-Identifier: ISC */
/*
 * The acts that only Dendrite's database could do: they are queued (store/deferred.h), and are done by
 * `mxadmin apply` while Dendrite is down. deferred_waits() tells whether one waits.
 */
#ifndef HOMESERVER_DENDRITE_DEFERRED_H
#define HOMESERVER_DENDRITE_DEFERRED_H

#include "homeserver/homeserver.h"
#include "store/deferred.h"

/* Contracts as in struct homeserver_acts. What is so already is not queued, and takes back the opposite. */
MUST_CHECK enum err dendrite_set_admin(struct homeserver *hs, const char *localpart, bool admin);
MUST_CHECK enum err dendrite_reactivate(struct homeserver *hs, const char *localpart, const char *password);
MUST_CHECK enum err dendrite_set_threepids(struct homeserver *hs, const char *localpart,
                                           const struct identity *identities, size_t count);

MUST_CHECK enum err dendrite_reset_destination(struct homeserver *hs, const char *name, bool *waits);

/* Queue a change, for the acts of other files; take one back. In a transaction of their own. */
MUST_CHECK enum err dendrite_defer(struct homeserver *hs, enum deferred_kind kind, const char *target,
                                   const char *parameters);
MUST_CHECK enum err dendrite_withdraw(struct homeserver *hs, enum deferred_kind kind, const char *target);

#endif
