/* SPDX-License-Identifier: ISC */
#include "store/blocked_rooms.h"

static const char sql_find[] = "SELECT user_id FROM mxadmin_blocked_rooms WHERE room_id = ?1";
static const char sql_has[] = "SELECT EXISTS (SELECT 1 FROM mxadmin_blocked_rooms WHERE room_id = ?1)";
static const char sql_add[] =
    "INSERT INTO mxadmin_blocked_rooms (room_id, user_id, blocked_ts, event_position, invite_position)"
    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (room_id) DO NOTHING";
static const char sql_remove[] = "DELETE FROM mxadmin_blocked_rooms WHERE room_id = ?1";

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
                          DB_I(room->event_position), DB_I(room->invite_position)),
                  NULL);
}

enum err blocked_rooms_remove(struct db *db, const char *room_id)
{
    return db_run(db, sql_remove, DB_ARGS(DB_T(room_id)), NULL);
}
