/* SPDX-License-Identifier: ISC */
/* Who redacts an event that a user has sent, where an admin wants it redacted. */
#ifndef HOMESERVER_REDACTOR_H
#define HOMESERVER_REDACTOR_H

#include "homeserver/homeserver.h"

struct redactor {
    /* Set by the caller, and borrowed. */
    const char *user_id; /* who has sent the event */
    const char *admin;   /* the user ID of who wants it redacted; NULL: nobody is known */
    bool use_admin;      /* the admin is to redact it, not the user */
    /* Set by redactor_choose(), in its arena. */
    const char *room_id;
    int64_t room_nid;
    const char *localpart; /* NULL: there is nobody */
    const char *reason;    /* why there is nobody */
};

/*
 * Finds the room of an event, and who redacts it there: its sender, and the admin what users of other servers
 * have sent, or when that is asked for. A user of this server who is not in the room any more is stood in for
 * by the admin, or whoever of this server has the highest power level there, as long as they have that which
 * redacting takes. That there is nobody, or no such event, is no error. No transaction is open.
 */
MUST_CHECK enum err redactor_choose(struct homeserver *hs, const char *event_id, struct arena *arena,
                                    struct redactor *redactor);

/* Whether another event is of the same room, so that the same user redacts it; sets `*e` on failure. */
bool redactor_is_of_room(struct homeserver *hs, const struct redactor *redactor, const char *event_id,
                         enum err *e);

#endif
