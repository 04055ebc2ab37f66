/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "base/clock.h"
#include "store/room_state.h"
#include "store/sql_json.h"

#define REPLACES SQL_ONLY("o.remove_state_ids")
/*
 * The roomserver's JSON, in which a redaction has done its work, unlike in this table; and what the event
 * replaced, which the table of the history knows if it has the event.
 */
#define STATE                                                                                                \
    "SELECT s.type, s.state_key, s.event_id, COALESCE(j.event_json, s.headered_event_json), " REPLACES       \
    " FROM syncapi_current_room_state s LEFT JOIN roomserver_events e ON e.event_id = s.event_id"            \
    " LEFT JOIN roomserver_event_json j ON j.event_nid = e.event_nid"                                        \
    " LEFT JOIN syncapi_output_room_events o ON o.event_id = s.event_id WHERE s.room_id = ?1"
static const char sql_all[] = STATE " AND (s.type, s.state_key) >= (?2, ?3) ORDER BY s.type, s.state_key";
static const char sql_of_type[] = STATE " AND s.type = ?2 AND s.state_key >= ?3 ORDER BY s.state_key";

#define SLICE_MS (DB_SLICE_MS / 2)

/* Whether the current row is the one that the last slice ended with. */
static bool is_last(const struct room_state_walk *walk, struct stmt *stmt)
{
    return walk->last_key && strcmp(walk->last_key, db_text(stmt, 1)) == 0 &&
           strcmp(walk->last_type, db_text(stmt, 0)) == 0;
}

enum err room_state_next(struct db *db, struct room_state_walk *walk, struct arena *arena,
                         enum err (*each)(const struct room_state_event *event, void *context), void *context)
{
    int64_t end_ms = clock_monotonic_ms() + SLICE_MS;
    const char *type = walk->type ? walk->type : walk->last_type ? walk->last_type : "";
    struct stmt *stmt;
    enum err e =
        db_query(db, walk->type ? sql_of_type : sql_all,
                 DB_ARGS(DB_T(walk->room_id), DB_T(type), DB_T(walk->last_key ? walk->last_key : "")), &stmt);

    walk->done = true;
    while (walk->done && db_next(stmt, &e)) {
        if (is_last(walk, stmt))
            continue;
        e = each(&(struct room_state_event){db_text(stmt, 2), db_text(stmt, 3), db_text(stmt, 4)}, context);
        walk->done = clock_monotonic_ms() < end_ms;
        if (!walk->done) {
            walk->last_type = db_copy(stmt, 0, arena, &e);
            walk->last_key = db_copy(stmt, 1, arena, &e);
        }
    }
    db_done(&stmt);
    return e;
}
