/* SPDX-License-Identifier: ISC */
/*
 * Removing old events of a room, and what is left to say of them. State events stay, as everything of the
 * room refers to them: its state at each event, and what authorises events. So the history of a room whose
 * events were purged has gaps, but begins with the event that made it, where whoever goes back through it
 * ends. Dendrite is told nothing of the gaps: what it keeps in syncapi_backward_extremities it asks other
 * servers for, and where there are none, answers with an error.
 */
#ifndef STORE_HISTORY_H
#define STORE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

/* Notes that events of a room which are less deep than `depth` may be gone. */
MUST_CHECK enum err history_note_purge(struct db *db, const char *room_id, int64_t depth, int64_t now_ms);

/* That depth; 0: all are there. */
MUST_CHECK enum err history_purged_depth(struct db *db, const char *room_id, int64_t *depth);

/* A point in a room's history. */
struct history_point {
    const char *event_id;
    const char *room_id;
    int64_t depth;
};

/* The point of an event; in `arena`. ERR_NOT_FOUND. */
MUST_CHECK enum err history_find(struct db *db, const char *event_id, struct arena *arena,
                                 struct history_point *point);

/* The last event of a room that came before `ts`, in milliseconds, as far as events come in the order of
 * their times. ERR_NOT_FOUND: none did. */
MUST_CHECK enum err history_find_before(struct db *db, const char *room_id, int64_t ts, struct arena *arena,
                                        struct history_point *point);

/* Which events may go. */
struct history_range {
    int64_t room_nid;
    int64_t depth;           /* those that are less deep */
    const char *kept_server; /* whose users' events stay; "": nobody's */
};

struct old_event {
    int64_t nid;
    const char *id;
    bool is_redaction;
};

/*
 * Goes on through all events after the number `*after`, which becomes that of the last one that was looked
 * at, and gives those of the range that are no state events; they live in `arena`. `*last`: there are no more
 * events at all.
 */
MUST_CHECK enum err history_old_events(struct db *db, const struct history_range *range, int64_t *after,
                                       struct arena *arena, struct old_event **events, size_t *count,
                                       bool *last);

/* The number of the newest event of a room that is neither state nor a redaction; 0: there is none. */
MUST_CHECK enum err history_newest_message(struct db *db, const char *room_id, int64_t *nid);

/*
 * Whether what an event redacts is still there, and so has to be told apart from what was tampered with; or,
 * with `forever`, is a state event, which stays.
 */
MUST_CHECK enum err history_redacts(struct db *db, const char *event_id, bool forever, bool *redacts);

/*
 * Removes an event that nobody's state has, with all that is kept of it but reports. That it came after
 * others, which are still there, stays known, and that others came after it.
 */
MUST_CHECK enum err history_remove(struct db *db, const char *room_id, const struct old_event *event);

/*
 * Removes what the next user after `*localpart` ("" at the beginning) was notified of in a room and is not
 * there any more; `*localpart` becomes that user's, in `arena`. ERR_NOT_FOUND: there is no further user.
 */
MUST_CHECK enum err history_remove_notifications(struct db *db, const char *room_id, struct arena *arena,
                                                 const char **localpart);

#endif
