/* SPDX-License-Identifier: ISC */
#include "store/puppets.h"
#include "store/room_details.h"
#include "store/room_list_rows.h"
#include "store/sql_json.h"

#define STATE(type)                                                                                          \
    " FROM syncapi_current_room_state WHERE room_id = ?1 AND state_key = '' AND type = '" type "'"
#define AVATAR "(SELECT " SQL_TEXT("headered_event_json", "'$.content.url'") STATE("m.room.avatar") ")"
#define TOPIC  "(SELECT " SQL_TEXT("headered_event_json", "'$.content.topic'") STATE("m.room.topic") ")"
#define REPLACEMENT                                                                                          \
    "(SELECT " SQL_TEXT("headered_event_json", "'$.content.replacement_room'") STATE("m.room.tombstone") ")"
/* A tombstone need not say where the room has moved to. */
#define TOMBSTONED "EXISTS (SELECT 1" STATE("m.room.tombstone") ")"
static const char sql_state[] =
    "SELECT " AVATAR ", " TOPIC ", " REPLACEMENT ", " TOMBSTONED ","
    " COALESCE((SELECT s.bytes FROM mxadmin_room_sizes s WHERE s.room_nid = ?2), -1)";

/* How many members are looked at in one transaction: some ms. */
#define SLICE      2000
#define SLICE_TEXT "2000"
/* The last of the slice, how many it has, those of this server who have not forgotten the room, and the
 * devices of those who are joined, less those with which admins act as them. */
static const char sql_members[] =
    "SELECT COALESCE(MAX(m.target_nid), 0), COUNT(*),"
    " COUNT(CASE WHEN m.target_local AND NOT m.forgotten THEN 1 END),"
    " COALESCE(SUM(CASE WHEN m.target_local AND m.membership_nid = 3 THEN (SELECT COUNT(*)"
    " FROM roomserver_event_state_keys k JOIN userapi_devices d ON d.server_name = ?3"
    " AND d.localpart = SUBSTR(k.event_state_key, 2, LENGTH(k.event_state_key) - LENGTH(?3) - 2)"
    " AND " PUPPETS_NONE " WHERE k.event_state_key_nid = m.target_nid) END), 0)"
    " FROM (SELECT target_nid, membership_nid, target_local, forgotten FROM roomserver_membership"
    " WHERE room_nid = ?1 AND target_nid > ?2 ORDER BY target_nid LIMIT " SLICE_TEXT ") AS m";

static enum err read_room(struct db *db, const char *room_id, struct arena *arena, struct kept_room *kept)
{
    struct room_reading reading = {.room_id = room_id, .arena = arena};
    bool done = false;
    enum err e = ERR_OK;

    while (!e && !done)
        e = room_reading_step(db, &reading, &done);
    *kept = reading.kept;
    return e;
}

static enum err read_state(struct db *db, int64_t room_nid, struct arena *arena, struct room_details *details)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_state, DB_ARGS(DB_T(details->listed.id), DB_I(room_nid)), &stmt);

    if (db_next(stmt, &e)) {
        details->avatar = db_copy(stmt, 0, arena, &e);
        details->topic = db_copy(stmt, 1, arena, &e);
        details->replacement_room = db_copy(stmt, 2, arena, &e);
        details->tombstoned = db_int(stmt, 3) != 0;
        details->listed.estimated_size = db_int(stmt, 4);
    }
    db_done(&stmt);
    return e;
}

static enum err read_members(struct db *db, const char *server_name, int64_t room_nid,
                             struct room_details *details)
{
    int64_t last = 0, members = SLICE;
    enum err e = ERR_OK;

    details->forgotten = true;
    while (!e && members == SLICE) {
        struct stmt *stmt;

        e = db_first(db, sql_members, DB_ARGS(DB_I(room_nid), DB_I(last), DB_T(server_name)), &stmt);
        if (!e) {
            last = db_int(stmt, 0);
            members = db_int(stmt, 1);
            details->forgotten &= db_int(stmt, 2) == 0;
            details->joined_local_devices += db_int(stmt, 3);
        }
        db_done(&stmt);
    }
    return e;
}

enum err room_details_find(struct db *db, const char *server_name, const char *room_id, struct arena *arena,
                           struct room_details *details)
{
    struct kept_room kept = {0};
    enum err e = read_room(db, room_id, arena, &kept);

    *details = (struct room_details){.listed = kept.room};
    if (e)
        return e;
    room_texts_to_null(&details->listed);
    e = read_state(db, kept.nid, arena, details);
    return e ? e : read_members(db, server_name, kept.nid, details);
}
