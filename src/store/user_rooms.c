/* SPDX-License-Identifier: ISC */
#include "store/sql_json.h"
#include "store/user_rooms.h"

/* An invitation to a room that this server has no part in is not in any room's state. */
static const char sql_list[] =
    "SELECT room_id, membership FROM syncapi_current_room_state"
    " WHERE type = 'm.room.member' AND state_key = ?1 AND membership IS NOT NULL"
    " UNION ALL SELECT DISTINCT i.room_id, 'invite' FROM syncapi_invite_events i"
    " WHERE i.target_user_id = ?1 AND NOT i.deleted AND NOT EXISTS (SELECT 1"
    " FROM syncapi_current_room_state s WHERE s.room_id = i.room_id AND s.type = 'm.room.member'"
    " AND s.state_key = ?1) ORDER BY 1";

/* By way of the index on state keys: a user's is that of the user's member events. */
#define STORED_MEMBERSHIP SQL_MEMBER("j.event_json", "$.content.membership")
#define STORED_SENT_TS    SQL_MEMBER("j.event_json", "$.origin_server_ts")
static const char sql_joined_since[] =
    "SELECT COUNT(DISTINCT e.room_nid) FROM roomserver_event_state_keys k"
    " JOIN roomserver_events e ON e.event_state_key_nid = k.event_state_key_nid AND e.event_type_nid = 5"
    " JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
    " WHERE k.event_state_key = ?1 AND NOT e.is_rejected"
    " AND " STORED_MEMBERSHIP " = 'join' AND " STORED_SENT_TS " >= ?2";

/* How many events of a user are looked at in one transaction: some ms. */
#define SLICE      2000
#define SLICE_TEXT "2000"

#define MEMBERSHIP SQL_MEMBER("headered_event_json", "$.content.membership")
#define SENT_TS    SQL_MEMBER("headered_event_json", "$.origin_server_ts")
/* The last of the slice after event ?2, how many it has, and the invitations since ?3 among them. */
static const char sql_invited_since[] =
    "SELECT COALESCE(MAX(id), 0), COUNT(*), COUNT(CASE WHEN type = 'm.room.member'"
    " THEN CASE WHEN " MEMBERSHIP " = 'invite' AND " SENT_TS " >= ?3 THEN 1 END END)"
    " FROM (SELECT id, type, headered_event_json FROM syncapi_output_room_events"
    " WHERE sender = ?1 AND id > ?2 ORDER BY id LIMIT " SLICE_TEXT ") AS slice";

enum err user_rooms_list(struct db *db, const char *user_id,
                         enum err (*each)(const char *room_id, const char *membership, void *context),
                         void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_ARGS(DB_T(user_id)), &stmt);

    while (db_next(stmt, &e))
        e = each(db_text(stmt, 0), db_text(stmt, 1), context);
    db_done(&stmt);
    return e;
}

enum err user_rooms_joined_since(struct db *db, const char *user_id, int64_t from_ts, int64_t *count)
{
    return db_integer(db, sql_joined_since, DB_ARGS(DB_T(user_id), DB_I(from_ts)), count);
}

enum err user_rooms_invited_since(struct db *db, const char *user_id, int64_t from_ts, int64_t *count)
{
    int64_t last = 0, rows = SLICE;
    enum err e = ERR_OK;

    *count = 0;
    while (!e && rows == SLICE) {
        struct stmt *stmt;

        e = db_first(db, sql_invited_since, DB_ARGS(DB_T(user_id), DB_I(last), DB_I(from_ts)), &stmt);
        if (!e) {
            last = db_int(stmt, 0);
            rows = db_int(stmt, 1);
            *count += db_int(stmt, 2);
        }
        db_done(&stmt);
    }
    return e;
}
