/* SPDX-License-Identifier: ISC */
/* What a room is, from the tables themselves. */
#include "store/room_list_rows.h"
#include "store/sql_json.h"

/* How many rows one step counts, and how many it passes over: some ms. */
#define MEMBERS      2000
#define MEMBERS_TEXT "2000"
#define STATE        10000
#define STATE_TEXT   "10000"

/* A position is of an event that clients can be told of, after all else of it has been stored. */
static const char sql_find[] =
    "SELECT r.room_nid, r.room_version, COALESCE((SELECT MAX(o.id) FROM syncapi_output_room_events o"
    " WHERE o.room_id = r.room_id), 0), EXISTS (SELECT 1 FROM roomserver_published p"
    " WHERE p.room_id = r.room_id AND p.published) FROM roomserver_rooms r"
    " WHERE r.room_id = ?1 AND r.latest_event_nids <> '[]'";

#define STATE_OF_ROOM " FROM syncapi_current_room_state WHERE room_id = ?1 AND type = ?2 AND state_key = ''"
static const char sql_text[] = "SELECT COALESCE(" SQL_TEXT("headered_event_json", "?3") ", '')" STATE_OF_ROOM;
#define CREATOR     SQL_TEXT("headered_event_json", "'$.content.creator'")
#define TYPE        SQL_TEXT("headered_event_json", "'$.content.type'")
#define IS_CONFINED SQL_IS_FALSE("headered_event_json", "$.content.\"m.federate\"")
/* Since room version 11 the creator is only known as the sender. */
static const char sql_create[] = "SELECT COALESCE(" CREATOR ", sender), COALESCE(" TYPE
                                 ", ''), COALESCE(" IS_CONFINED ", FALSE)" STATE_OF_ROOM;

/* Both go through one index, but only the first has to look at the rows themselves. */
static const char sql_members[] =
    "SELECT COUNT(*), COALESCE(MAX(target_nid), 0), COUNT(CASE WHEN membership_nid = 3 THEN 1 END),"
    " COUNT(CASE WHEN membership_nid = 3 AND target_local THEN 1 END) FROM"
    " (SELECT target_nid, membership_nid, target_local FROM roomserver_membership"
    " WHERE room_nid = ?1 AND target_nid > ?2 ORDER BY target_nid LIMIT " MEMBERS_TEXT ") AS slice";
static const char sql_state[] = "SELECT COUNT(*) FROM (SELECT room_id FROM syncapi_current_room_state"
                                " WHERE room_id = ?1 LIMIT " STATE_TEXT " OFFSET ?2) AS slice";

/* The texts of a room's state: the event, where it has the text, and where that goes. */
static const struct {
    const char *type;
    const char *path;
    size_t place;
} texts[] = {
    {"m.room.name", "$.content.name", offsetof(struct listed_room, name)},
    {"m.room.canonical_alias", "$.content.alias", offsetof(struct listed_room, canonical_alias)},
    {"m.room.encryption", "$.content.algorithm", offsetof(struct listed_room, encryption)},
    {"m.room.join_rules", "$.content.join_rule", offsetof(struct listed_room, join_rules)},
    {"m.room.guest_access", "$.content.guest_access", offsetof(struct listed_room, guest_access)},
    {"m.room.history_visibility", "$.content.history_visibility",
     offsetof(struct listed_room, history_visibility)},
};

int64_t kept_room_flags(const struct kept_room *kept)
{
    const struct listed_room *room = &kept->room;

    return (room->is_public ? ROOM_PUBLIC : 0) | (room->joined_members == 0 ? ROOM_EMPTY : 0) |
           (room->federatable ? ROOM_FEDERATABLE : 0);
}

static void to_null(const char **text)
{
    if (*text && !**text)
        *text = NULL;
}

/* Where a text of the state goes. */
static const char **text_of(struct listed_room *room, size_t which)
{
    return (const char **)((char *)room + texts[which].place);
}

void room_texts_to_null(struct listed_room *room)
{
    to_null(&room->version);
    to_null(&room->creator);
    to_null(&room->room_type);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        to_null(text_of(room, i));
}

/* The text, in `arena`; "" where the state has none. */
static enum err read_text(struct db *db, const char *room_id, size_t which, struct arena *arena,
                          const char **text)
{
    enum err e = db_string(
        db, sql_text, DB_ARGS(DB_T(room_id), DB_T(texts[which].type), DB_T(texts[which].path)), arena, text);

    if (e == ERR_NOT_FOUND)
        *text = "";
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err read_create(struct db *db, const char *room_id, struct arena *arena, struct listed_room *room)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_create, DB_ARGS(DB_T(room_id), DB_T("m.room.create")), &stmt);

    room->creator = room->room_type = "";
    room->federatable = true;
    if (db_next(stmt, &e)) {
        room->creator = db_copy(stmt, 0, arena, &e);
        room->room_type = db_copy(stmt, 1, arena, &e);
        room->federatable = db_int(stmt, 2) == 0;
    }
    db_done(&stmt);
    return e;
}

enum err room_reading_texts(struct db *db, const char *room_id, struct arena *arena, struct listed_room *room)
{
    enum err e = read_create(db, room_id, arena, room);

    for (size_t i = 0; !e && i < sizeof texts / sizeof *texts; i++)
        e = read_text(db, room_id, i, arena, text_of(room, i));
    return e;
}

static enum err read_room(struct db *db, struct room_reading *reading, bool *done)
{
    struct kept_room *kept = &reading->kept;
    struct stmt *stmt;
    enum err e = db_first(db, sql_find, DB_ARGS(DB_T(reading->room_id)), &stmt);

    if (!e) {
        *kept = (struct kept_room){.nid = db_int(stmt, 0), .position = db_int(stmt, 2)};
        kept->room.id = reading->room_id;
        kept->room.version = db_copy(stmt, 1, reading->arena, &e);
        kept->room.is_public = db_int(stmt, 3) != 0;
    }
    db_done(&stmt);
    *done = true;
    return e ? e : room_reading_texts(db, reading->room_id, reading->arena, &kept->room);
}

static enum err count_members(struct db *db, struct room_reading *reading, bool *done)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_members, DB_ARGS(DB_I(reading->kept.nid), DB_I(reading->place)), &stmt);

    if (db_next(stmt, &e)) {
        *done = db_int(stmt, 0) < MEMBERS;
        reading->place = db_int(stmt, 1);
        reading->kept.room.joined_members += db_int(stmt, 2);
        reading->kept.room.joined_local_members += db_int(stmt, 3);
    }
    db_done(&stmt);
    return e;
}

static enum err count_state(struct db *db, struct room_reading *reading, bool *done)
{
    int64_t events = 0;
    enum err e = db_integer(db, sql_state, DB_ARGS(DB_T(reading->room_id), DB_I(reading->place)), &events);

    *done = events < STATE;
    reading->place += events;
    reading->kept.room.state_events += events;
    return e;
}

enum err room_reading_step(struct db *db, struct room_reading *reading, bool *done)
{
    static enum err (*const parts[])(struct db * db, struct room_reading * reading,
                                     bool *done) = {read_room, count_members, count_state};
    bool over = false;
    enum err e = parts[reading->part](db, reading, &over);

    if (!e && over) {
        reading->part++;
        reading->place = 0;
    }
    *done = reading->part == sizeof parts / sizeof *parts;
    return e;
}
