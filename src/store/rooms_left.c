/* SPDX-License-Identifier: ISC */
#include "store/collect.h"
#include "store/memberships.h"
#include "store/nids.h"
#include "store/rooms_left.h"
#include "store/sql_json.h"

static const char sql_list[] = "SELECT room_id FROM mxadmin_rooms WHERE joined_local_members = 0"
                               " AND room_id > ?1 ORDER BY room_id LIMIT 100";
static const char sql_room[] = "SELECT room_nid, latest_event_nids FROM roomserver_rooms WHERE room_id = ?1";

/* A room may have very many members of other servers, and they are in the same index. */
#define SLICE 5000
static const char sql_members[] =
    "SELECT target_nid, membership_nid, event_nid, target_local FROM roomserver_membership"
    " WHERE room_nid = ?1 AND target_nid > ?2 ORDER BY target_nid LIMIT 5000";
#define SENT_TS SQL_MEMBER("event_json", "$.origin_server_ts")
static const char sql_sent[] =
    "SELECT CAST(COALESCE(" SENT_TS ", 0) AS BIGINT) FROM roomserver_event_json WHERE event_nid = ?1";

/* Finds the room, and one of the events that its history ends with; 0: it has none. */
static enum err find_room(struct db *db, const char *room_id, int64_t *nid, int64_t *latest_nid)
{
    struct nids latest = {0};
    struct stmt *stmt;
    enum err e = db_first(db, sql_room, DB_ARGS(DB_T(room_id)), &stmt);

    if (!e) {
        *nid = db_int(stmt, 0);
        e = nids_read(db_text(stmt, 1), &latest);
    }
    db_done(&stmt);
    *latest_nid = latest.count > 0 ? latest.items[0] : 0;
    nids_free(&latest);
    return e;
}

/* Whether a membership makes somebody a user of the room. */
static bool is_in(int64_t membership)
{
    return membership == MEMBERSHIP_INVITE || membership == MEMBERSHIP_JOIN || membership == MEMBERSHIP_KNOCK;
}

/* Looks at some members after the one numbered `*after`, which becomes the last of them. */
static enum err read_members(struct db *db, int64_t room_nid, int64_t *after, int *rows, bool *empty,
                             int64_t *newest_nid)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_members, DB_ARGS(DB_I(room_nid), DB_I(*after)), &stmt);

    *rows = 0;
    while (db_next(stmt, &e)) {
        *after = db_int(stmt, 0);
        ++*rows;
        if (!db_int(stmt, 3))
            continue;
        *empty = *empty && !is_in(db_int(stmt, 1));
        if (db_int(stmt, 2) > *newest_nid)
            *newest_nid = db_int(stmt, 2);
    }
    db_done(&stmt);
    return e;
}

enum err rooms_left(struct db *db, const char *room_id, struct room_left *left)
{
    int64_t room_nid = 0, latest_nid = 0, newest_nid = 0, after = 0;
    int rows = SLICE;
    enum err e = find_room(db, room_id, &room_nid, &latest_nid);

    *left = (struct room_left){.empty = true};
    while (!e && left->empty && rows == SLICE)
        e = read_members(db, room_nid, &after, &rows, &left->empty, &newest_nid);
    if (newest_nid == 0)
        newest_nid = latest_nid;
    if (e || !left->empty || newest_nid == 0)
        return e;
    e = db_integer(db, sql_sent, DB_ARGS(DB_I(newest_nid)), &left->since_ts);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err rooms_left_list(struct db *db, const char *after, struct arena *arena, const char ***room_ids,
                         size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **room_ids};
    enum err e = collect(db, sql_list, DB_ARGS(DB_T(after)), &list, collect_text);

    *room_ids = list.items;
    *count = list.count;
    return e;
}
