/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "store/rooms.h"

#define COLUMNS "room_nid, room_id, room_version, latest_event_nids, state_snapshot_nid, last_event_sent_nid"
static const char sql_find[] = "SELECT " COLUMNS " FROM roomserver_rooms WHERE room_id = ?1";
static const char sql_find_nid[] = "SELECT " COLUMNS " FROM roomserver_rooms WHERE room_nid = ?1";
static const char sql_insert[] = "INSERT INTO roomserver_rooms (room_id, room_version) VALUES (?1, ?2)";
static const char sql_update[] =
    "UPDATE roomserver_rooms SET latest_event_nids = ?2, state_snapshot_nid = ?3, last_event_sent_nid = ?4"
    " WHERE room_nid = ?1";

static const char sql_made[] =
    "SELECT r.room_id, j.event_json FROM roomserver_events e"
    " JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
    " JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
    " WHERE e.event_type_nid = 1 AND NOT e.is_rejected AND e.event_nid > ?1 ORDER BY e.event_nid";
static const char sql_list[] =
    "SELECT r.room_id, r.room_version, COUNT(m.room_nid), COUNT(CASE WHEN m.target_local THEN 1 END),"
    " r.latest_event_nids FROM roomserver_rooms r"
    " LEFT JOIN roomserver_membership m ON m.room_nid = r.room_nid AND m.membership_nid = 3"
    " GROUP BY r.room_nid ORDER BY r.room_nid";

/* A room that we have only an invitation to has no events; one that is being purged has this one to the end.
 */
static const char sql_empty[] =
    "SELECT e.event_nid, r.room_id, EXISTS (SELECT 1 FROM roomserver_membership m"
    " WHERE m.room_nid = e.room_nid AND m.membership_nid = 3 AND m.target_local)"
    " FROM roomserver_events e JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
    " WHERE e.event_type_nid = 1 AND NOT e.is_rejected AND e.event_nid > ?1 ORDER BY e.event_nid";
#define EMPTY_MS 50

static enum err find(struct db *db, const char *sql, struct db_value key, struct arena *arena,
                     struct room_row *row)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql, &key, 1, &stmt);

    *row = (struct room_row){0};
    if (!e) {
        row->nid = db_int(stmt, 0);
        row->id = db_copy(stmt, 1, arena, &e);
        row->version = db_copy(stmt, 2, arena, &e);
        row->snapshot_nid = db_int(stmt, 4);
        row->last_sent_nid = db_int(stmt, 5);
    }
    if (!e)
        e = nids_read(db_text(stmt, 3), &row->latest);
    db_done(&stmt);
    return e;
}

enum err rooms_find(struct db *db, const char *room_id, struct arena *arena, struct room_row *row)
{
    return find(db, sql_find, DB_T(room_id), arena, row);
}

enum err rooms_find_nid(struct db *db, int64_t nid, struct arena *arena, struct room_row *row)
{
    return find(db, sql_find_nid, DB_I(nid), arena, row);
}

enum err rooms_insert(struct db *db, const char *room_id, const char *version, int64_t *nid)
{
    return db_insert(db, sql_insert, DB_ARGS(DB_T(room_id), DB_T(version)), nid);
}

enum err rooms_update(struct db *db, const struct room_row *row)
{
    struct buf latest = {0};
    enum err e;

    nids_write(row->latest.items, row->latest.count, &latest);
    e = latest.err;
    if (!e)
        e = db_run(
            db, sql_update,
            DB_ARGS(DB_I(row->nid), DB_T(latest.data), DB_I(row->snapshot_nid), DB_I(row->last_sent_nid)),
            NULL);
    buf_free(&latest);
    return e;
}

enum err rooms_made(struct db *db, int64_t since,
                    enum err (*each)(const char *room_id, const char *create_json, void *context),
                    void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_made, DB_ARGS(DB_I(since)), &stmt);

    while (db_next(stmt, &e))
        e = each(db_text(stmt, 0), db_text(stmt, 1), context);
    db_done(&stmt);
    return e;
}

/* The room in the current row; the texts are borrowed. */
static enum err summary_of(struct stmt *stmt, struct room_summary *room)
{
    struct nids latest = {0};
    enum err e = nids_read(db_text(stmt, 4), &latest);

    *room = (struct room_summary){
        .id = db_text(stmt, 0),
        .version = db_text(stmt, 1),
        .joined = db_int(stmt, 2),
        .local = db_int(stmt, 3),
        .extremities = (int64_t)latest.count,
    };
    nids_free(&latest);
    return e;
}

enum err rooms_list(struct db *db, enum err (*each)(const struct room_summary *room, void *context),
                    void *context)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_list, DB_NO_ARGS, &stmt);

    while (db_next(stmt, &e)) {
        struct room_summary room;

        e = summary_of(stmt, &room);
        if (!e)
            e = each(&room, context);
    }
    db_done(&stmt);
    return e;
}

enum err rooms_empty(struct db *db, int64_t *after, bool *done,
                     enum err (*each)(const char *room_id, void *context), void *context)
{
    int64_t end_ms = clock_monotonic_ms() + EMPTY_MS;
    struct stmt *stmt;
    bool row = true;
    enum err e = db_query(db, sql_empty, DB_ARGS(DB_I(*after)), &stmt);

    while (!e && row && clock_monotonic_ms() < end_ms) {
        e = db_step(stmt, &row);
        if (!e && row && !db_int(stmt, 2))
            e = each(db_text(stmt, 1), context);
        if (!e && row)
            *after = db_int(stmt, 0);
    }
    *done = !e && !row;
    db_done(&stmt);
    return e;
}
