/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "base/clock.h"
#include "store/sql_json.h"
#include "store/timeline.h"

#define SENT_TS SQL_MEMBER("headered_event_json", "$.origin_server_ts")
static const char sql_times[] = "SELECT id, event_id, " SENT_TS " FROM syncapi_output_room_events"
                                " WHERE room_id = ?1 AND id > ?2 ORDER BY id";

#define SLICE_MS (DB_SLICE_MS / 2)

/* Whether an event of that time is nearer than what has been found. Of one moment, the first or the last. */
static bool is_nearer(const struct timeline_search *search, int64_t ts)
{
    if (search->backwards)
        return ts <= search->ts && (!*search->event_id || ts >= search->event_ts);
    return ts >= search->ts && (!*search->event_id || ts < search->event_ts);
}

enum err timeline_search_next(struct db *db, struct timeline_search *search)
{
    int64_t end_ms = clock_monotonic_ms() + SLICE_MS;
    struct stmt *stmt;
    enum err e = db_query(db, sql_times, DB_ARGS(DB_T(search->room_id), DB_I(search->after)), &stmt);

    search->done = true;
    while (search->done && db_next(stmt, &e)) {
        int64_t ts = db_int(stmt, 2);

        if (!db_is_null(stmt, 2) && is_nearer(search, ts)) {
            snprintf(search->event_id, sizeof search->event_id, "%s", db_text(stmt, 1));
            search->event_ts = ts;
        }
        search->after = db_int(stmt, 0);
        search->done = clock_monotonic_ms() < end_ms;
    }
    db_done(&stmt);
    return e;
}
