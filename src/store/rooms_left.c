/* SPDX-License-Identifier: ISC */
#include "store/rooms_left.h"
#include "store/nids.h"
#include "store/sql_json.h"

static const char sql_room[] =
    "SELECT COALESCE((SELECT MAX(m.event_nid) FROM roomserver_membership m WHERE m.room_nid = r.room_nid"
    " AND m.target_local), 0), EXISTS (SELECT 1 FROM roomserver_membership m WHERE m.room_nid = r.room_nid"
    " AND m.target_local AND m.membership_nid IN (2, 3, 4)), r.latest_event_nids"
    " FROM roomserver_rooms r WHERE r.room_id = ?1";
static const char sql_sent[] = "SELECT CAST(COALESCE(" SQL_MEMBER(
    "event_json", "$.origin_server_ts") ", 0) AS BIGINT) FROM roomserver_event_json WHERE event_nid = ?1";

static enum err read_room(struct db *db, const char *room_id, struct room_left *left, int64_t *event_nid)
{
    struct nids latest = {0};
    struct stmt *stmt;
    bool row = false;
    enum err e = db_query(db, sql_room, DB_ARGS(DB_T(room_id)), &stmt);

    if (!e)
        e = db_step(stmt, &row);
    if (!e && !row)
        e = ERR_NOT_FOUND;
    if (!e) {
        *event_nid = db_int(stmt, 0);
        left->empty = !db_int(stmt, 1);
        e = nids_read(db_text(stmt, 2), &latest);
    }
    db_done(&stmt);
    if (!e && *event_nid == 0 && latest.count > 0)
        *event_nid = latest.items[0];
    nids_free(&latest);
    return e;
}

enum err rooms_left(struct db *db, const char *room_id, struct room_left *left)
{
    int64_t event_nid = 0;
    enum err e;

    *left = (struct room_left){0};
    e = read_room(db, room_id, left, &event_nid);
    if (e || event_nid == 0)
        return e;
    e = db_integer(db, sql_sent, DB_ARGS(DB_I(event_nid)), &left->since_ts);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
