/* SPDX-License-Identifier: ISC */
/*
 * Dendrite makes its changes one after another, so that each one of ours that waits with it is waited for by
 * its own clients. At most `homeserver.concurrency` of them are with it at once, over the whole pool: who
 * asks for one takes a turn before, and jobs let requests go first. After one that took long, since Dendrite
 * is busy, nobody has a turn for some time, and with a rollback journal not after one of a request either.
 */
#ifndef HOMESERVER_DENDRITE_TURN_H
#define HOMESERVER_DENDRITE_TURN_H

#include "homeserver/dendrite/ask.h"

/* Takes a turn if that is possible at once, and says whether this process has one. */
bool turn_try(struct homeserver *hs);

/* Says to the jobs of other processes that somebody here waits for a turn, or no more. */
void turn_announce(struct homeserver *hs, bool waiting);

/*
 * Takes a turn, unless this process has one; `*taken` is whether turn_end() is to give it back. Waits as long
 * as a request may. Never called while a transaction is open. ERR_BUSY, with hs->reason: it was nobody's turn
 * in that time.
 */
MUST_CHECK enum err turn_begin(struct homeserver *hs, bool *taken);

/* Gives it back if it was taken; nothing happens when there is none. */
void turn_end(struct homeserver *hs, bool taken);

#endif
