/* SPDX-License-Identifier: ISC */
/* The rows of mxadmin_rooms, and how they follow changes of our own database. */
#include "store/db_locked.h"
#include "store/refreshes.h"
#include "store/room_list_rows.h"

#define COLUMNS                                                                                              \
    "room_id, room_nid, position, flags, name, canonical_alias, version, creator, encryption, join_rules,"   \
    " guest_access, history_visibility, room_type, joined_members, joined_local_members, state_events"
static const char sql_put[] =
    "INSERT INTO mxadmin_rooms (" COLUMNS
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
    " ON CONFLICT (room_id) DO UPDATE SET room_nid = excluded.room_nid, position = excluded.position,"
    " flags = excluded.flags, name = excluded.name, canonical_alias = excluded.canonical_alias,"
    " version = excluded.version, creator = excluded.creator, encryption = excluded.encryption,"
    " join_rules = excluded.join_rules, guest_access = excluded.guest_access,"
    " history_visibility = excluded.history_visibility, room_type = excluded.room_type,"
    " joined_members = excluded.joined_members, joined_local_members = excluded.joined_local_members,"
    " state_events = excluded.state_events"
    " WHERE excluded.position >= mxadmin_rooms.position OR excluded.room_nid <> mxadmin_rooms.room_nid";
static const char sql_count[] =
    "UPDATE mxadmin_rooms SET position = ?2, joined_members = joined_members + ?3,"
    " joined_local_members = joined_local_members + ?4, state_events = state_events + ?5,"
    " flags = (flags & 5) | CASE WHEN joined_members + ?3 = 0 THEN 2 ELSE 0 END WHERE room_id = ?1";
/* What an event of the state can change. */
static const char sql_put_texts[] =
    "UPDATE mxadmin_rooms SET name = ?2, canonical_alias = ?3, encryption = ?4, join_rules = ?5,"
    " guest_access = ?6, history_visibility = ?7 WHERE room_id = ?1";
static const char sql_set_public[] =
    "UPDATE mxadmin_rooms SET flags = (flags & 6) | CASE WHEN ?2 THEN 1 ELSE 0 END WHERE room_id = ?1";
_Static_assert(ROOM_PUBLIC == 1 && ROOM_EMPTY == 2 && ROOM_FEDERATABLE == 4,
               "the statements have these numbers");

static const char sql_remove_size[] = "DELETE FROM mxadmin_room_sizes WHERE room_nid ="
                                      " (SELECT room_nid FROM mxadmin_rooms WHERE room_id = ?1)";
static const char sql_remove[] = "DELETE FROM mxadmin_rooms WHERE room_id = ?1";

enum err kept_room_put(struct db *db, const struct kept_room *kept)
{
    const struct listed_room *room = &kept->room;

    return db_run(db, sql_put,
                  DB_ARGS(DB_T(room->id), DB_I(kept->nid), DB_I(kept->position), DB_I(kept_room_flags(kept)),
                          DB_T(room->name), DB_T(room->canonical_alias), DB_T(room->version),
                          DB_T(room->creator), DB_T(room->encryption), DB_T(room->join_rules),
                          DB_T(room->guest_access), DB_T(room->history_visibility), DB_T(room->room_type),
                          DB_I(room->joined_members), DB_I(room->joined_local_members),
                          DB_I(room->state_events)),
                  NULL);
}

enum err kept_room_remove(struct db *db, const char *room_id)
{
    enum err e = db_run(db, sql_remove_size, DB_ARGS(DB_T(room_id)), NULL);

    return e ? e : db_run(db, sql_remove, DB_ARGS(DB_T(room_id)), NULL);
}

static enum err read_whole(struct db *db, struct room_reading *reading)
{
    bool done = false;
    enum err e = ERR_OK;

    while (!e && !done)
        e = room_reading_step(db, reading, &done);
    return e;
}

enum err room_list_touch(struct db *db, const char *room_id)
{
    struct room_reading reading = {.room_id = room_id};
    enum err e;

    if (db_is_theirs(db))
        return ERR_OK;
    if (db_attached(db))
        return refreshes_forget(db, REFRESHES_ROOMS);
    reading.arena = arena_new();
    e = reading.arena ? read_whole(db, &reading) : ERR_NOMEM;
    if (e == ERR_NOT_FOUND)
        e = kept_room_remove(db, room_id);
    else if (!e)
        e = kept_room_put(db, &reading.kept);
    arena_free(&reading.arena);
    return e;
}

static enum err put_texts(struct db *db, const char *room_id)
{
    struct arena *arena = arena_new();
    struct listed_room room = {0};
    enum err e = arena ? room_reading_texts(db, room_id, arena, &room) : ERR_NOMEM;

    if (!e)
        e = db_run(db, sql_put_texts,
                   DB_ARGS(DB_T(room_id), DB_T(room.name), DB_T(room.canonical_alias), DB_T(room.encryption),
                           DB_T(room.join_rules), DB_T(room.guest_access), DB_T(room.history_visibility)),
                   NULL);
    arena_free(&arena);
    return e;
}

enum err room_list_follow(struct db *db, const char *room_id, int64_t position,
                          const struct room_change *change)
{
    int64_t changes = 0;
    enum err e = db_run(db, sql_count,
                        DB_ARGS(DB_T(room_id), DB_I(position), DB_I(change->joined),
                                DB_I(change->joined_local), DB_I(change->state_events)),
                        &changes);

    if (!e && changes == 0)
        return room_list_touch(db, room_id);
    return e || !change->state ? e : put_texts(db, room_id);
}

enum err room_list_set_public(struct db *db, const char *room_id, bool is_public)
{
    return db_run(db, sql_set_public, DB_ARGS(DB_T(room_id), DB_I(is_public)), NULL);
}
