/* SPDX-License-Identifier: ISC */
#include "store/blocked_rooms.h"
#include "store/sql_json.h"

static const char sql_find[] = "SELECT user_id FROM mxadmin_blocked_rooms WHERE room_id = ?1";
static const char sql_has[] = "SELECT EXISTS (SELECT 1 FROM mxadmin_blocked_rooms WHERE room_id = ?1)";
static const char sql_add[] = "INSERT INTO mxadmin_blocked_rooms (room_id, user_id, blocked_ts, event_nid,"
                              " event_position, invite_position) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                              " ON CONFLICT (room_id) DO NOTHING";
static const char sql_remove[] = "DELETE FROM mxadmin_blocked_rooms WHERE room_id = ?1";
static const char sql_first[] =
    "SELECT COUNT(*), COALESCE(MIN(event_position), 0), COALESCE(MIN(invite_position), 0)"
    " FROM mxadmin_blocked_rooms";
#define STATE_KEY  SQL_MEMBER("e.headered_event_json", "$.state_key")
#define MEMBERSHIP SQL_MEMBER("e.headered_event_json", "$.content.membership")
static const char sql_events[] =
    "SELECT e.event_id, e.room_id, " STATE_KEY " FROM syncapi_output_room_events e"
    " WHERE e.id > ?1 AND e.id <= ?2 AND e.type = 'm.room.member' AND EXISTS (SELECT 1"
    " FROM mxadmin_blocked_rooms b JOIN roomserver_events r ON r.event_id = e.event_id"
    " WHERE b.room_id = e.room_id AND r.event_nid > b.event_nid)"
    " AND " MEMBERSHIP " IN ('join', 'invite', 'knock') ORDER BY e.id";
/* An invitation from another server may be no event of ours. */
static const char sql_invites[] =
    "SELECT i.event_id, i.room_id, i.target_user_id FROM syncapi_invite_events i"
    " WHERE i.id > ?1 AND i.id <= ?2 AND NOT i.deleted AND EXISTS (SELECT 1 FROM mxadmin_blocked_rooms b"
    " WHERE b.room_id = i.room_id AND i.id > b.invite_position AND NOT EXISTS (SELECT 1"
    " FROM roomserver_events r WHERE r.event_id = i.event_id AND r.event_nid <= b.event_nid))"
    " ORDER BY i.id";

enum err blocked_rooms_find(struct db *db, const char *room_id, struct arena *arena, const char **user_id)
{
    return db_string(db, sql_find, DB_ARGS(DB_T(room_id)), arena, user_id);
}

enum err blocked_rooms_has(struct db *db, const char *room_id, bool *blocked)
{
    int64_t value = 0;
    enum err e = db_integer(db, sql_has, DB_ARGS(DB_T(room_id)), &value);

    *blocked = value != 0;
    return e;
}

enum err blocked_rooms_add(struct db *db, const struct blocked_room *room)
{
    return db_run(db, sql_add,
                  DB_ARGS(DB_T(room->room_id), DB_T(room->user_id), DB_I(room->blocked_ts),
                          DB_I(room->event_nid), DB_I(room->event_position), DB_I(room->invite_position)),
                  NULL);
}

enum err blocked_rooms_remove(struct db *db, const char *room_id)
{
    return db_run(db, sql_remove, DB_ARGS(DB_T(room_id)), NULL);
}

enum err blocked_rooms_first(struct db *db, struct stream_place *place, bool *any)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_first, DB_NO_ARGS, &stmt);

    *any = false;
    if (db_next(stmt, &e)) {
        *any = db_int(stmt, 0) > 0;
        *place = (struct stream_place){db_int(stmt, 1), db_int(stmt, 2)};
    }
    db_done(&stmt);
    return e;
}

static enum err each_arrival(struct db *db, const char *sql, int64_t after, int64_t until,
                             enum err (*each)(const struct arrival *arrival, void *context), void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql, DB_ARGS(DB_I(after), DB_I(until)), &stmt);

    while (db_next(stmt, &e)) {
        const struct arrival arrival = {db_text(stmt, 0), db_text(stmt, 1), db_text(stmt, 2)};

        e = arrival.user_id ? each(&arrival, context) : ERR_OK;
    }
    db_done(&stmt);
    return e;
}

enum err blocked_rooms_arrivals(struct db *db, const struct stream_place *after,
                                const struct stream_place *until,
                                enum err (*each)(const struct arrival *arrival, void *context), void *context)
{
    enum err e = each_arrival(db, sql_events, after->events, until->events, each, context);

    return e ? e : each_arrival(db, sql_invites, after->invites, until->invites, each, context);
}
