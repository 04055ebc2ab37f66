/* SPDX-License-Identifier: ISC */
#include "store/collect.h"
#include "store/redactions.h"
#include "store/sql_json.h"

static const char sql_insert[] = "INSERT INTO roomserver_redactions (redaction_event_id, redacts_event_id,"
                                 " validated) VALUES (?1, ?2, TRUE)";
#define STORED_REDACTION SQL_MEMBER("j.event_json", "$.unsigned.redacted_because")
static const char sql_is_redacted[] = "SELECT " STORED_REDACTION " IS NOT NULL FROM roomserver_events e"
                                      " JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
                                      " WHERE e.event_id = ?1";
static const char sql_replace_history[] =
    "UPDATE syncapi_output_room_events SET headered_event_json = ?2 WHERE event_id = ?1";
static const char sql_replace_state[] =
    "UPDATE syncapi_current_room_state SET headered_event_json = ?2 WHERE event_id = ?1";
static const char sql_has_relations[] = "SELECT COUNT(*) FROM pragma_table_info('syncapi_relations')";
static const char sql_forget_relations[] =
    "DELETE FROM syncapi_relations WHERE room_id = ?1 AND child_event_id = ?2";
static const char sql_next_membership[] =
    "SELECT o.event_id, o.headered_event_json FROM roomserver_events e"
    " JOIN syncapi_output_room_events o ON o.event_id = e.event_id"
    " WHERE e.room_nid = ?1 AND e.event_type_nid = 5 AND e.event_state_key_nid = ?2 AND e.event_nid > ?3"
    " ORDER BY e.event_nid LIMIT 1";
static const char sql_rooms[] =
    "SELECT room_id FROM syncapi_current_room_state WHERE type = 'm.room.member' AND state_key = ?1"
    " AND membership IN ('join', 'ban') ORDER BY membership DESC, room_id";

/* Along the index on senders, which is in the order of positions; what is read of each is in its row. */
#define MEMBERSHIP SQL_MEMBER("headered_event_json", "$.content.membership")
#define SENT_TS    SQL_MEMBER("headered_event_json", "$.origin_server_ts")
#define REDACTION  SQL_MEMBER("headered_event_json", "$.unsigned.redacted_because")
static const char sql_sent[] =
    "SELECT id, room_id, event_id, type, " MEMBERSHIP ", " SENT_TS ", " REDACTION " IS NOT NULL"
    " FROM syncapi_output_room_events WHERE sender = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";

enum err redactions_insert(struct db *db, const char *redaction_id, const char *redacted_id)
{
    return db_run(db, sql_insert, DB_ARGS(DB_T(redaction_id), DB_T(redacted_id)), NULL);
}

enum err redactions_is_redacted(struct db *db, const char *event_id, bool *redacted)
{
    int64_t is = 0;
    enum err e = db_integer(db, sql_is_redacted, DB_ARGS(DB_T(event_id)), &is);

    *redacted = is != 0;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err redactions_replace_shown(struct db *db, const char *event_id, const char *json)
{
    enum err e = db_run(db, sql_replace_history, DB_ARGS(DB_T(event_id), DB_BYTES(json)), NULL);

    return e ? e : db_run(db, sql_replace_state, DB_ARGS(DB_T(event_id), DB_BYTES(json)), NULL);
}

enum err redactions_forget_relations(struct db *db, const char *room_id, const char *event_id)
{
    int64_t columns = 0;
    enum err e = db_integer(db, sql_has_relations, DB_NO_ARGS, &columns);

    if (e || columns == 0)
        return e;
    return db_run(db, sql_forget_relations, DB_ARGS(DB_T(room_id), DB_T(event_id)), NULL);
}

enum err redactions_next_membership(struct db *db, int64_t room_nid, int64_t user_nid, int64_t nid,
                                    struct arena *arena, const char **event_id, struct buf *json)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_next_membership, DB_ARGS(DB_I(room_nid), DB_I(user_nid), DB_I(nid)), &stmt);

    if (!e) {
        *event_id = db_copy(stmt, 0, arena, &e);
        buf_puts(json, db_text(stmt, 1));
    }
    db_done(&stmt);
    return e ? e : json->err;
}

enum err redactions_rooms(struct db *db, const char *user_id, struct arena *arena, const char ***rooms,
                          size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **rooms};
    enum err e = collect(db, sql_rooms, DB_ARGS(DB_T(user_id)), &list, collect_text);

    *rooms = list.items;
    *count = list.count;
    return e;
}

static void take_sent(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct sent_event *event = item;

    event->position = db_int(stmt, 0);
    event->room_id = db_copy(stmt, 1, arena, e);
    event->event_id = db_copy(stmt, 2, arena, e);
    event->type = db_copy(stmt, 3, arena, e);
    event->membership = db_copy(stmt, 4, arena, e);
    event->ts = db_int(stmt, 5);
    event->redacted = db_int(stmt, 6) != 0;
}

enum err redactions_sent(struct db *db, const char *user_id, int64_t before, size_t max, struct arena *arena,
                         struct sent_event **events, size_t *count)
{
    struct list list = {.arena = arena, .item_size = sizeof **events};
    enum err e =
        collect(db, sql_sent, DB_ARGS(DB_T(user_id), DB_I(before), DB_I((int64_t)max)), &list, take_sent);

    *events = list.items;
    *count = list.count;
    return e;
}
