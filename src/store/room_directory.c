/* SPDX-License-Identifier: ISC */
#include "store/collect.h"
#include "store/room_directory.h"
#include "store/room_list_rows.h"
#include "store/sql_json.h"

/* Published rooms that have members, and that can be joined, knocked at or read. */
#define SHOWN                                                                                                \
    " FROM mxadmin_rooms r WHERE (flags & 3) = 1 AND (join_rules IN ('public', 'knock', 'knock_restricted')" \
    " OR history_visibility = 'world_readable')"
_Static_assert(ROOM_PUBLIC == 1 && ROOM_EMPTY == 2, "the statement has these numbers");

#define STATE(type)                                                                                          \
    " FROM syncapi_current_room_state WHERE room_id = r.room_id AND type = '" type "' AND state_key = ''"
#define AVATAR "(SELECT " SQL_TEXT("headered_event_json", "'$.content.url'") STATE("m.room.avatar") ")"
#define TOPIC  "(SELECT " SQL_TEXT("headered_event_json", "'$.content.topic'") STATE("m.room.topic") ")"
static const char sql_page[] =
    "SELECT room_id, NULLIF(name, ''), NULLIF(canonical_alias, ''), joined_members, history_visibility,"
    " guest_access, join_rules, NULLIF(room_type, ''), " AVATAR ", " TOPIC SHOWN
    " ORDER BY joined_members DESC, room_id DESC LIMIT ?2 OFFSET ?1";
static const char sql_count[] = "SELECT COUNT(*)" SHOWN;

static const char sql_has[] = "SELECT EXISTS (SELECT 1 FROM roomserver_published p"
                              " WHERE p.room_id = r.room_id AND p.published)"
                              " FROM roomserver_rooms r WHERE r.room_id = ?1 AND r.latest_event_nids <> '[]'";
static const char sql_set[] =
    "INSERT INTO roomserver_published (room_id, appservice_id, network_id, published) VALUES (?1, '', '', ?2)"
    " ON CONFLICT (room_id, appservice_id, network_id) DO UPDATE SET published = excluded.published";

static void take_room(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct directory_room *room = item;

    room->listed = (struct listed_room){
        .id = db_copy(stmt, 0, arena, e),
        .name = db_copy(stmt, 1, arena, e),
        .canonical_alias = db_copy(stmt, 2, arena, e),
        .joined_members = db_int(stmt, 3),
        .history_visibility = db_copy(stmt, 4, arena, e),
        .guest_access = db_copy(stmt, 5, arena, e),
        .join_rules = db_copy(stmt, 6, arena, e),
        .room_type = db_copy(stmt, 7, arena, e),
    };
    room->avatar = db_copy(stmt, 8, arena, e);
    room->topic = db_copy(stmt, 9, arena, e);
}

enum err room_directory_page(struct db *db, int64_t from, int64_t limit, struct arena *arena,
                             struct directory_room **rooms, size_t *count, int64_t *total)
{
    struct list list = {.arena = arena, .item_size = sizeof **rooms};
    enum err e = db_integer(db, sql_count, DB_NO_ARGS, total);

    if (!e)
        e = collect(db, sql_page, DB_ARGS(DB_I(from), DB_I(limit)), &list, take_room);
    *rooms = list.items;
    *count = list.count;
    return e;
}

enum err room_directory_has(struct db *db, const char *room_id, bool *published)
{
    int64_t has = 0;
    enum err e = db_integer(db, sql_has, DB_ARGS(DB_T(room_id)), &has);

    *published = has != 0;
    return e;
}

enum err room_directory_set(struct db *db, const char *room_id, bool published)
{
    bool before = false;
    enum err e = room_directory_has(db, room_id, &before);

    if (e || before == published)
        return e;
    e = db_run(db, sql_set, DB_ARGS(DB_T(room_id), DB_I(published)), NULL);
    return e ? e : room_list_set_public(db, room_id, published);
}
