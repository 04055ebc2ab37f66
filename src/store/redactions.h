/* SPDX-License-Identifier: ISC */
/* roomserver_redactions; and what a user has sent, for who redacts that. */
#ifndef STORE_REDACTIONS_H
#define STORE_REDACTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "store/db.h"

/* Notes that an event redacts another one, which is redacted by now. */
MUST_CHECK enum err redactions_insert(struct db *db, const char *redaction_id, const char *redacted_id);

/* Whether an event is redacted, as its JSON says. False also for one that there is not. */
MUST_CHECK enum err redactions_is_redacted(struct db *db, const char *event_id, bool *redacted);

/* Puts another headered JSON in the place of an event's, in what clients are told. */
MUST_CHECK enum err redactions_replace_shown(struct db *db, const char *event_id, const char *json);

/* Forgets that an event relates to others: a table that only Dendrite makes. */
MUST_CHECK enum err redactions_forget_relations(struct db *db, const char *room_id, const char *event_id);

/*
 * The membership that came after the membership `nid` of the same user in a room: its id, in `arena`, and the
 * headered JSON that clients are told, appended to `json`. ERR_NOT_FOUND: none did.
 */
MUST_CHECK enum err redactions_next_membership(struct db *db, int64_t room_nid, int64_t user_nid, int64_t nid,
                                               struct arena *arena, const char **event_id, struct buf *json);

/* The rooms that a user is joined to, or banned from; they live in `arena`. */
MUST_CHECK enum err redactions_rooms(struct db *db, const char *user_id, struct arena *arena,
                                     const char ***rooms, size_t *count);

/* An event that a user has sent; one whose JSON cannot be read has a `ts` of 0 and no membership. */
struct sent_event {
    int64_t position; /* in the stream of events */
    const char *room_id;
    const char *event_id;
    const char *type;
    const char *membership; /* NULL: of the content, there is none */
    int64_t ts;             /* origin_server_ts */
    bool redacted;
};

/* What a user has sent before `before`, at most `max` of that, the newest first; they live in `arena`. */
MUST_CHECK enum err redactions_sent(struct db *db, const char *user_id, int64_t before, size_t max,
                                    struct arena *arena, struct sent_event **events, size_t *count);

#endif
