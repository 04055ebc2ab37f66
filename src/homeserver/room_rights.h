/* SPDX-License-Identifier: ISC */
/*
 * Who may do what in a room, as its state says now: by that is chosen who is asked to do something, before
 * the authorisation rules, here or at another homeserver, have the last word.
 */
#ifndef HOMESERVER_ROOM_RIGHTS_H
#define HOMESERVER_ROOM_RIGHTS_H

#include <jansson.h>

#include "homeserver/homeserver.h"
#include "matrix/power_levels.h"

struct room_rights {
    struct homeserver *hs; /* borrowed, as are the next two */
    const char *room_id;
    struct arena *arena;
    int64_t room_nid;
    struct power_levels levels;                 /* borrowed from the members below */
    json_t *create, *power_levels, *join_rules; /* events, owned; NULL: there is none */
};

/*
 * Reads a room; what it says holds as long as the transaction that is open, if one is. The caller ends it
 * with room_rights_close(), also after an error. Errors: ERR_NOT_FOUND (there is no such room, or we know
 * nothing of its state), ERR_INVALID (its version is not known), ERR_NOMEM and those of db_step().
 */
MUST_CHECK enum err room_rights_open(struct room_rights *rights, struct homeserver *hs, const char *room_id,
                                     struct arena *arena);
void room_rights_close(struct room_rights *rights);

/*
 * The same within a read transaction of its own. After success, and only then, the caller ends both with
 * room_rights_end(), which returns `err`, or the transaction's own failure.
 */
MUST_CHECK enum err room_rights_begin(struct room_rights *rights, struct homeserver *hs, const char *room_id,
                                      struct arena *arena);
MUST_CHECK enum err room_rights_end(struct room_rights *rights, enum err err);

/* Whether anybody can join who is not banned. */
bool room_rights_public(const struct room_rights *rights);

/* Whether a user is in the room, or can come in by an invitation that is there. */
MUST_CHECK enum err room_rights_invited(const struct room_rights *rights, const char *user_id, bool *invited);

/*
 * The joined user of this server who has the highest power level by name, and is the creator where no levels
 * are named; `*user_id`, in the arena, is NULL where there is nobody.
 */
MUST_CHECK enum err room_rights_strongest(const struct room_rights *rights, const char **user_id);

/* A harmless event, which clients pass over: Synapse sends such ones to this end, too. */
#define MERGING_TYPE "org.matrix.dummy_event"

/* Who sends something to a room that only makes its history end with less events. */
struct merging_sender {
    const char *user_id; /* in the arena; NULL: nobody of this server is in the room, and nobody can join */
    bool joins;          /* it is the helper, who has to join first, and leaves afterwards */
    bool by_membership;  /* who may not send a message, but may say again to be a member */
};

/* Chooses one; `helper` is a user ID, NULL: there is none. */
MUST_CHECK enum err room_rights_merging(const struct room_rights *rights, const char *helper,
                                        struct merging_sender *sender);

/* The content of the event by which a user is joined; the caller owns it. ERR_NOT_FOUND: the user is not. */
MUST_CHECK enum err room_rights_member(const struct room_rights *rights, const char *user_id,
                                       json_t **content);

/* What is said when there is nobody. */
#define MERGING_DENIED                                                                                       \
    "Nobody of this server is in the room, or can join it: nothing can be sent to it any more, and it can "  \
    "only be purged"

/* How a user gets as much power as the strongest one has. */
struct promotion {
    const char *admin; /* the strongest one, who does it */
    json_t *levels; /* content of the power levels that are to be sent, owned; NULL: the user has as much */
    bool invites;   /* and then is to be invited */
};

/*
 * Plans that; the caller frees `levels`, also after an error. ERR_INVALID and ERR_DENIED, with hs->reason:
 * nobody of this server can do it; the user cannot be invited.
 */
MUST_CHECK enum err room_rights_promote(const struct room_rights *rights, const char *user_id,
                                        struct promotion *promotion);

/* What is said when the power levels cannot be changed after all. */
#define PROMOTION_DENIED "No local admin user in room with power to update power levels."

#endif
