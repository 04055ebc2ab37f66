/* SPDX-License-Identifier: ISC */
/*
 * roomserver_reported_events: what users have reported. A report names room, event and users by their
 * numbers, and outlives a room that is purged: of that, nothing but the users is known then.
 */
#ifndef STORE_EVENT_REPORTS_H
#define STORE_EVENT_REPORTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/db.h"

struct event_report {
    int64_t id;
    int64_t received_ts; /* ms */
    const char *room_id; /* "" when it is not known, as all up to `sender` */
    const char *event_id;
    const char *user_id; /* who reported it */
    const char *sender;  /* of the event */
    const char *reason;  /* NULL: none was given */
    bool has_score;
    int64_t score;
    const char *name;            /* of the room; NULL: it has none, or is not known */
    const char *canonical_alias; /* likewise */
};

/* Which of them; "" lets all through. */
struct event_report_filter {
    const char *user_id; /* a part of the id of who reported */
    const char *room_id; /* a part */
    const char *sender;  /* the whole id */
};

/* How many it lets through. */
MUST_CHECK enum err event_reports_count(struct db *db, const struct event_report_filter *filter,
                                        int64_t *count);

/* Which part of the list, the oldest first or, backwards, the newest. */
struct event_report_page {
    int64_t from; /* reports to pass over */
    int64_t limit;
    bool backwards;
};

/* Calls `each` for those of a page; stops at its first error and returns it. The texts are borrowed. */
MUST_CHECK enum err event_reports_list(struct db *db, const struct event_report_filter *filter,
                                       const struct event_report_page *page,
                                       enum err (*each)(const struct event_report *report, void *context),
                                       void *context);

/*
 * One report, and the JSON of its event, NULL when that is gone; the texts live in `arena`. ERR_NOT_FOUND.
 */
MUST_CHECK enum err event_reports_find(struct db *db, int64_t id, struct arena *arena,
                                       struct event_report *report, const char **event_json);

/* ERR_NOT_FOUND. */
MUST_CHECK enum err event_reports_delete(struct db *db, int64_t id);

#endif
