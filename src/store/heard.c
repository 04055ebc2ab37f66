/* SPDX-License-Identifier: ISC */
#include "store/heard.h"
#include "store/sql_json.h"

/* Whether one of the parts takes one of ours for joined. No name of a server means something in a pattern. */
static const char sql_believed[] =
    "SELECT EXISTS (SELECT 1 FROM federationsender_joined_hosts WHERE room_id = ?1 AND server_name = ?2)"
    " OR EXISTS (SELECT 1 FROM syncapi_current_room_state WHERE room_id = ?1 AND type = 'm.room.member'"
    " AND membership = 'join' AND state_key LIKE '%:' || ?2)";
static const char sql_heard[] =
    "SELECT COUNT(*) FROM roomserver_events e JOIN syncapi_output_room_events s ON s.event_id = e.event_id"
    " WHERE e.event_nid = ?1";
#define SENT_TS SQL_MEMBER("event_json", "$.origin_server_ts")
static const char sql_sent_ts[] =
    "SELECT COALESCE(" SENT_TS ", 0) FROM roomserver_event_json WHERE event_nid = ?1";

enum err heard_leaves(struct db *db, const char *room_id, const char *server_name, bool *heard)
{
    int64_t believed = 0;
    enum err e = db_integer(db, sql_believed, DB_ARGS(DB_T(room_id), DB_T(server_name)), &believed);

    *heard = !believed;
    return e;
}

enum err heard_event(struct db *db, int64_t event_nid, bool *heard)
{
    int64_t count = 0;
    enum err e = db_integer(db, sql_heard, DB_ARGS(DB_I(event_nid)), &count);

    *heard = count > 0;
    return e;
}

enum err heard_sent_ts(struct db *db, int64_t event_nid, int64_t *sent_ts)
{
    return db_integer(db, sql_sent_ts, DB_ARGS(DB_I(event_nid)), sent_ts);
}
