/* SPDX-License-Identifier: ISC */
/*
 * What our own file keeps of a homeserver that changes without us, for lists that have to be fast. The job
 * runner looks after it; where there is none, whoever wants a list does. No transaction is open.
 */
#ifndef HOMESERVER_UPKEEP_H
#define HOMESERVER_UPKEEP_H

#include "homeserver/homeserver.h"

/* Before users are listed. Errors: those of the database. */
MUST_CHECK enum err upkeep_users(struct homeserver *hs);

/* The same before media is listed; and before some is chosen for an act, which has to see all there is. Also
 * ERR_BUSY, with hs->reason: the first list of very much media takes longer than a request may wait. */
MUST_CHECK enum err upkeep_media(struct homeserver *hs);
MUST_CHECK enum err upkeep_media_now(struct homeserver *hs);

/* The same before rooms are listed; and before that is done by how much of the disk they take. */
MUST_CHECK enum err upkeep_rooms(struct homeserver *hs);
MUST_CHECK enum err upkeep_room_sizes(struct homeserver *hs);

/* The same before destinations are; of a homeserver that does not federate there is nothing to keep. */
MUST_CHECK enum err upkeep_destinations(struct homeserver *hs);

/* The runner's part that does not wait until no job is due; what fails is logged. */
void upkeep_urgent(struct homeserver *hs);

/* The runner's part, when no job is due, with the urgent one; what fails is logged. `*pause_ms` becomes
 * shorter if it is to come again before. */
void upkeep_turn(struct homeserver *hs, int64_t *pause_ms);

#endif
