/* SPDX-License-Identifier: ISC */
/* roomserver_membership and roomserver_invites: who is in which room. Rooms, users and events are numbers. */
#ifndef STORE_MEMBERSHIPS_H
#define STORE_MEMBERSHIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* Dendrite's numbers. */
enum membership {
    MEMBERSHIP_LEAVE = 1, /* or banned */
    MEMBERSHIP_INVITE = 2,
    MEMBERSHIP_JOIN = 3,
    MEMBERSHIP_KNOCK = 4
};

struct membership_row {
    int64_t room_nid;
    int64_t target_nid;
    int64_t sender_nid;
    int64_t event_nid;
    enum membership membership;
    bool target_local; /* the target is a user of this server */
};

/* The membership of a user; MEMBERSHIP_LEAVE when there is no row. */
MUST_CHECK enum err memberships_find(struct db *db, int64_t room_nid, int64_t target_nid,
                                     enum membership *membership);

/* The event that a membership is of. ERR_NOT_FOUND: there is no row. */
MUST_CHECK enum err memberships_event(struct db *db, int64_t room_nid, int64_t target_nid,
                                      int64_t *event_nid);

/* Adds the row, or replaces the one of the same room and target. */
MUST_CHECK enum err memberships_put(struct db *db, const struct membership_row *row);

/* Removes the row of an invitation to a room that we know nothing else of. */
MUST_CHECK enum err memberships_delete(struct db *db, int64_t room_nid, int64_t target_nid);

struct membership_counts {
    int64_t joined;
    int64_t joined_local; /* of these, users of this server */
    int64_t invited;
    int64_t knocking;
};
MUST_CHECK enum err memberships_count(struct db *db, int64_t room_nid, struct membership_counts *counts);

/* Whether a user of this server is joined. */
MUST_CHECK enum err memberships_has_local(struct db *db, int64_t room_nid, bool *has);

/* A member, and the event that made it one. */
struct member {
    int64_t event_nid;
    const char *user_id;
};

/*
 * The local users who are joined, in the order of their join events, at most `max` of those after the event
 * `after` (0: all). `*members` and what it points to live in `arena`.
 */
MUST_CHECK enum err memberships_local(struct db *db, int64_t room_nid, int64_t after, size_t max,
                                      struct arena *arena, struct member **members, size_t *count);

/*
 * Who is joined, of this server or another: `each` is called for some of those after `*after` (0: all), the
 * number of a user, up to where this stops, which `*after` then is; `*done` after the last. It stops in time
 * for a reader whom others wait for, and at the first error of `each`.
 */
MUST_CHECK enum err memberships_joined(struct db *db, int64_t room_nid, int64_t *after, bool *done,
                                       enum err (*each)(const char *user_id, void *context), void *context);

/* A local user who has to do with a room. */
struct involved {
    int64_t nid;
    const char *user_id;
};

/*
 * The local users who are joined, invited or knock, in the order of their numbers, at most `max` of those
 * after the number `after` (0: all). As above.
 */
MUST_CHECK enum err memberships_involved(struct db *db, int64_t room_nid, int64_t after, size_t max,
                                         struct arena *arena, struct involved **users, size_t *count);

/* A user who has left a room wants to see no more of it. */
MUST_CHECK enum err memberships_forget(struct db *db, int64_t room_nid, int64_t target_nid);

/* A room that a user is in, invited to or knocks at. */
struct user_room {
    int64_t room_nid;
    const char *room_id;
    enum membership membership;
};

/* The rooms of a user: joined, then invited, then knocked at, each in the order in which we came to know
 * them. As above. */
MUST_CHECK enum err memberships_rooms(struct db *db, int64_t target_nid, struct arena *arena,
                                      struct user_room **rooms, size_t *count);

/* The rooms that `member_nid` is joined to and that `target_nid` has or had to do with. As above. */
MUST_CHECK enum err memberships_common(struct db *db, int64_t member_nid, int64_t target_nid,
                                       struct arena *arena, struct user_room **rooms, size_t *count);

/* Adds an invitation that is pending. */
struct invite {
    int64_t room_nid;
    int64_t target_nid;
    int64_t sender_nid;
    const char *event_id;
    const char *json;
};
MUST_CHECK enum err invites_insert(struct db *db, const struct invite *invite);

/* Ends what is pending; the ids of its events, `*count` of them, live in `arena`. */
MUST_CHECK enum err invites_retire(struct db *db, int64_t room_nid, int64_t target_nid, struct arena *arena,
                                   const char ***event_ids, size_t *count);

#endif
