/* SPDX-License-Identifier: ISC */
#include "store/collect.h"
#include "store/history.h"
#include "store/redactions.h"
#include "store/room_sizes.h"
#include "store/sql_json.h"

static const char sql_note_purge[] =
    "INSERT INTO mxadmin_history_purges (room_id, depth, purged_ts) VALUES (?1, ?2, ?3)"
    " ON CONFLICT (room_id) DO UPDATE SET purged_ts = excluded.purged_ts, depth = CASE"
    " WHEN excluded.depth > mxadmin_history_purges.depth THEN excluded.depth"
    " ELSE mxadmin_history_purges.depth END";
static const char sql_purged_depth[] = "SELECT depth FROM mxadmin_history_purges WHERE room_id = ?1";

static const char sql_find[] = "SELECT e.event_id, r.room_id, e.depth FROM roomserver_events e"
                               " JOIN roomserver_rooms r ON r.room_nid = e.room_nid WHERE e.event_id = ?1";
static const char sql_first_position[] = "SELECT MIN(id) FROM syncapi_output_room_events";
static const char sql_last_position[] = "SELECT MAX(id) FROM syncapi_output_room_events";
#define SENT_TS SQL_MEMBER("headered_event_json", "$.origin_server_ts")
static const char sql_time_at[] =
    "SELECT id, " SENT_TS " FROM syncapi_output_room_events WHERE id >= ?1 ORDER BY id LIMIT 1";
static const char sql_last_before[] =
    "SELECT e.event_id, o.room_id, e.depth FROM syncapi_output_room_events o"
    " JOIN roomserver_events e ON e.event_id = o.event_id"
    " WHERE o.room_id = ?1 AND o.id < ?2 ORDER BY o.id DESC LIMIT 1";

/* No index leads from a room to its events: all are gone through, slice by slice. */
#define SLICE "1000"
static const char sql_slice_end[] =
    "SELECT MAX(event_nid) FROM (SELECT event_nid FROM roomserver_events WHERE event_nid > ?1"
    " ORDER BY event_nid LIMIT " SLICE ")";
#define SENDER SQL_MEMBER("j.event_json", "$.sender")
static const char sql_old_events[] =
    "SELECT e.event_nid, e.event_id, e.event_type_nid FROM roomserver_events e"
    " LEFT JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
    " WHERE e.event_nid > ?1 AND e.event_nid <= ?2 AND e.room_nid = ?3 AND e.event_state_key_nid = 0"
    " AND e.depth < ?4 AND (?5 = '' OR SUBSTR(" SENDER ", INSTR(" SENDER ", ':') + 1) <> ?5)"
    " ORDER BY e.event_nid";
static const char sql_newest_message[] =
    "SELECT e.event_nid FROM syncapi_output_room_events o"
    " JOIN roomserver_events e ON e.event_id = o.event_id"
    " WHERE o.room_id = ?1 AND e.event_state_key_nid = 0 AND e.event_type_nid <> 6"
    " ORDER BY o.id DESC LIMIT 1";
static const char sql_redacts[] = "SELECT COUNT(*) FROM roomserver_redactions r"
                                  " JOIN roomserver_events e ON e.event_id = r.redacts_event_id"
                                  " WHERE r.redaction_event_id = ?1"
                                  " AND (?2 = 0 OR e.event_state_key_nid <> 0)";

/* The ids of the events that the event ?1 names as those before it. */
#define PREV_EVENTS "json_each(" SQL_JSON("j.event_json") ", '$.prev_events')"
#define PREVIOUS                                                                                             \
    "(SELECT CASE x.type WHEN 'array' THEN json_extract(x.value, '$[0]') ELSE x.value END"                   \
    " FROM roomserver_event_json j JOIN " PREV_EVENTS " x WHERE j.event_nid = ?1)"
/*
 * Takes the event from the lists of those that follow others. Dendrite may have put "1" in the place of the
 * first ones; alone, it would mean event number 1, which follows none.
 */
#define WITHOUT "TRIM(REPLACE(',' || event_nids || ',', ',' || ?1 || ',', ','), ',')"
static const char sql_unfollow[] =
    "UPDATE roomserver_previous_events SET event_nids ="
    " CASE " WITHOUT " WHEN '1' THEN '1,1' ELSE " WITHOUT " END WHERE previous_event_id IN " PREVIOUS;
/* A list without events stays as long as the event that it is of: something did follow that. */
static const char sql_remove_unfollowed[] =
    "DELETE FROM roomserver_previous_events WHERE event_nids = '' AND previous_event_id IN " PREVIOUS
    " AND NOT EXISTS (SELECT 1 FROM roomserver_events e"
    " WHERE e.event_id = roomserver_previous_events.previous_event_id)";
static const char sql_remove_followers[] =
    "DELETE FROM roomserver_previous_events WHERE event_nids = '' AND previous_event_id = ?1";

static const char sql_remove_redaction[] = "DELETE FROM roomserver_redactions WHERE redaction_event_id = ?1";
static const char sql_remove_topology[] =
    "DELETE FROM syncapi_output_room_events_topology WHERE event_id = ?1";
static const char sql_remove_shown[] = "DELETE FROM syncapi_output_room_events WHERE event_id = ?1";
static const char sql_remove_json[] = "DELETE FROM roomserver_event_json WHERE event_nid = ?1";
static const char sql_remove_event[] = "DELETE FROM roomserver_events WHERE event_nid = ?1";

static const char sql_next_notified[] =
    "SELECT MIN(localpart) FROM userapi_notifications WHERE localpart > ?1";
static const char sql_remove_notifications[] =
    "DELETE FROM userapi_notifications WHERE localpart = ?1 AND room_id = ?2 AND NOT EXISTS"
    " (SELECT 1 FROM roomserver_events e WHERE e.event_id = userapi_notifications.event_id)";

enum err history_note_purge(struct db *db, const char *room_id, int64_t depth, int64_t now_ms)
{
    return db_run(db, sql_note_purge, DB_ARGS(DB_T(room_id), DB_I(depth), DB_I(now_ms)), NULL);
}

enum err history_purged_depth(struct db *db, const char *room_id, int64_t *depth)
{
    enum err e = db_integer(db, sql_purged_depth, DB_ARGS(DB_T(room_id)), depth);

    if (e == ERR_NOT_FOUND)
        *depth = 0;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err find_point(struct db *db, const char *sql, const struct db_value *args, size_t count,
                           struct arena *arena, struct history_point *point)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql, args, count, &stmt);

    if (!e) {
        point->event_id = db_copy(stmt, 0, arena, &e);
        point->room_id = db_copy(stmt, 1, arena, &e);
        point->depth = db_int(stmt, 2);
    }
    db_done(&stmt);
    return e;
}

enum err history_find(struct db *db, const char *event_id, struct arena *arena, struct history_point *point)
{
    return find_point(db, sql_find, DB_ARGS(DB_T(event_id)), arena, point);
}

/* The first event at `position` or after it; ERR_NOT_FOUND: there is none. */
static enum err time_at(struct db *db, int64_t position, int64_t *found, int64_t *ts)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_time_at, DB_ARGS(DB_I(position)), &stmt);

    if (!e) {
        *found = db_int(stmt, 0);
        *ts = db_int(stmt, 1);
    }
    db_done(&stmt);
    return e;
}

/* The first position whose event, of whichever room, is of `ts` or later, or one after the last. */
static enum err position_of(struct db *db, int64_t ts, int64_t *position)
{
    int64_t first = 0, last = 0;
    enum err e = db_integer(db, sql_first_position, DB_NO_ARGS, &first);

    if (!e)
        e = db_integer(db, sql_last_position, DB_NO_ARGS, &last);
    last++;
    while (!e && first < last) {
        int64_t middle = first + (last - first) / 2, found = middle, at = ts;

        e = time_at(db, middle, &found, &at);
        if (at < ts)
            first = found + 1;
        else
            last = middle;
        if (e == ERR_NOT_FOUND)
            e = ERR_OK;
    }
    *position = first;
    return e;
}

enum err history_find_before(struct db *db, const char *room_id, int64_t ts, struct arena *arena,
                             struct history_point *point)
{
    int64_t position = 0;
    enum err e = position_of(db, ts, &position);

    if (e)
        return e;
    return find_point(db, sql_last_before, DB_ARGS(DB_T(room_id), DB_I(position)), arena, point);
}

static void take_old(struct stmt *stmt, struct arena *arena, void *item, enum err *e)
{
    struct old_event *event = item;

    event->nid = db_int(stmt, 0);
    event->id = db_copy(stmt, 1, arena, e);
    event->is_redaction = db_int(stmt, 2) == 6;
}

enum err history_old_events(struct db *db, const struct history_range *range, int64_t *after,
                            struct arena *arena, struct old_event **events, size_t *count, bool *last)
{
    struct list list = {.arena = arena, .item_size = sizeof **events};
    int64_t end = 0;
    enum err e = db_integer(db, sql_slice_end, DB_ARGS(DB_I(*after)), &end);

    *last = !e && end == 0;
    if (!e && !*last)
        e = collect(db, sql_old_events,
                    DB_ARGS(DB_I(*after), DB_I(end), DB_I(range->room_nid), DB_I(range->depth),
                            DB_T(range->kept_server)),
                    &list, take_old);
    if (!e && !*last)
        *after = end;
    *events = list.items;
    *count = list.count;
    return e;
}

enum err history_newest_message(struct db *db, const char *room_id, int64_t *nid)
{
    enum err e = db_integer(db, sql_newest_message, DB_ARGS(DB_T(room_id)), nid);

    if (e == ERR_NOT_FOUND)
        *nid = 0;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err history_redacts(struct db *db, const char *event_id, bool forever, bool *redacts)
{
    int64_t count = 0;
    enum err e = db_integer(db, sql_redacts, DB_ARGS(DB_T(event_id), DB_I(forever)), &count);

    *redacts = count > 0;
    return e;
}

enum err history_remove(struct db *db, const char *room_id, const struct old_event *event)
{
    /* In this order: what finds rows of others goes after them. */
    const struct {
        const char *sql;
        struct db_value arg;
    } removals[] = {
        {sql_unfollow, DB_I(event->nid)},        {sql_remove_unfollowed, DB_I(event->nid)},
        {sql_remove_json, DB_I(event->nid)},     {sql_remove_event, DB_I(event->nid)},
        {sql_remove_followers, DB_T(event->id)}, {sql_remove_redaction, DB_T(event->id)},
        {sql_remove_topology, DB_T(event->id)},  {sql_remove_shown, DB_T(event->id)},
    };
    enum err e = room_sizes_take_out(db, event->nid);

    for (size_t i = 0; !e && i < sizeof removals / sizeof *removals; i++)
        e = db_run(db, removals[i].sql, &removals[i].arg, 1, NULL);
    return e ? e : redactions_forget_relations(db, room_id, event->id);
}

enum err history_remove_notifications(struct db *db, const char *room_id, struct arena *arena,
                                      const char **localpart)
{
    const char *next = NULL;
    enum err e = db_string(db, sql_next_notified, DB_ARGS(DB_T(*localpart)), arena, &next);

    if (!e && !next)
        e = ERR_NOT_FOUND;
    if (e)
        return e;
    *localpart = next;
    return db_run(db, sql_remove_notifications, DB_ARGS(DB_T(*localpart), DB_T(room_id)), NULL);
}
