/* SPDX-License-Identifier: ISC */
/*
 * A room's history in the order of its graph: by depth, and at one depth in the order in which events came.
 * That is the order of syncapi_output_room_events_topology; events that came late, such as those fetched from
 * other servers, stand where they belong.
 */
#ifndef STORE_TIMELINE_H
#define STORE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "matrix/id.h"
#include "store/db.h"

/* A place between two events: that after the event at this position of this depth. */
struct timeline_place {
    int64_t depth;
    int64_t position; /* in the stream of events */
};

/* The place before the first event, and one after the last of every room. */
#define TIMELINE_FIRST ((struct timeline_place){0, 0})
#define TIMELINE_LAST  ((struct timeline_place){INT64_MAX, INT64_MAX})

/* An event. The texts are borrowed. */
struct timeline_event {
    struct timeline_place place; /* the one after it */
    const char *id;
    const char *json; /* headered */
    const char *type;
    const char *sender;
    const char *replaces; /* the id of the state event before it in its place; NULL: none, or not known */
    bool contains_url;
};

/* The place after an event. ERR_NOT_FOUND, also when it is one of another room. */
MUST_CHECK enum err timeline_find(struct db *db, const char *room_id, const char *event_id,
                                  struct timeline_place *place);

/* The place after the last event; TIMELINE_FIRST when the room has none, or is not known. */
MUST_CHECK enum err timeline_end(struct db *db, const char *room_id, struct arena *arena,
                                 struct timeline_place *place);

/* A walk. Begin with {0} but for the first four. */
struct timeline_walk {
    const char *room_id;
    bool backwards;
    struct timeline_place at;   /* where it is */
    struct timeline_place stop; /* goes no further than this */
    bool enough;                /* `each` may set it: no further */
    bool done;                  /* there is no further */
    int misses;                 /* depths in a row without an event */
    struct {
        int64_t after, nearest;
    } gap; /* of a look for the next depth that has one */
};

/*
 * Calls `each` for some of the events, until others wait for a reader, or `each` has enough, or there are no
 * more; stops at its first error and returns it. No transaction is open. What comes into the room between two
 * calls may be seen or not.
 */
MUST_CHECK enum err timeline_next(struct db *db, struct timeline_walk *walk,
                                  enum err (*each)(const struct timeline_event *event, void *context),
                                  void *context);

/* A look for the event that was sent first at `ts` (ms) or later, or backwards, last at `ts` or before. */
struct timeline_search {
    const char *room_id;
    int64_t ts;
    bool backwards;
    bool done;
    int64_t after;          /* how far it has come */
    char event_id[ID_SIZE]; /* what it has found; "": nothing */
    int64_t event_ts;
};

/*
 * Goes on with the look, as above. No index is by time, and the clocks of servers differ, so that neither the
 * order of the graph nor that of arrival says where to look: it takes as long as the room is large.
 */
MUST_CHECK enum err timeline_search_next(struct db *db, struct timeline_search *search);

#endif
