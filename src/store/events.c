/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "store/events.h"
#include "store/nids.h"

static const char sql_find_type[] = "SELECT event_type_nid FROM roomserver_event_types WHERE event_type = ?1";
static const char sql_insert_type[] = "INSERT INTO roomserver_event_types (event_type) VALUES (?1)";
static const char sql_find_state_key[] =
    "SELECT event_state_key_nid FROM roomserver_event_state_keys WHERE event_state_key = ?1";
static const char sql_insert_state_key[] =
    "INSERT INTO roomserver_event_state_keys (event_state_key) VALUES (?1)";

static const char sql_insert[] =
    "INSERT INTO roomserver_events (room_nid, event_type_nid, event_state_key_nid, sent_to_output,"
    " state_snapshot_nid, depth, event_id, auth_event_nids, is_rejected)"
    " VALUES (?1, ?2, ?3, TRUE, ?4, ?5, ?6, ?7, FALSE)";
static const char sql_insert_json[] =
    "INSERT INTO roomserver_event_json (event_nid, event_json) VALUES (?1, ?2)";
static const char sql_find[] = "SELECT e.event_id, j.event_json FROM roomserver_events e"
                               " JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
                               " WHERE e.event_nid = ?1";
static const char sql_find_id[] = "SELECT r.room_id, r.room_version, j.event_json FROM roomserver_events e"
                                  " JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
                                  " JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
                                  " WHERE e.event_id = ?1 AND NOT e.is_rejected";
static const char sql_place[] =
    "SELECT event_type_nid, event_state_key_nid FROM roomserver_events WHERE event_nid = ?1";
static const char sql_locate[] = "SELECT event_nid, room_nid, event_type_nid, event_state_key_nid"
                                 " FROM roomserver_events WHERE event_id = ?1";
static const char sql_replace_json[] =
    "UPDATE roomserver_event_json SET event_json = ?2 WHERE event_nid = ?1";
static const char sql_last[] = "SELECT COALESCE(MAX(event_nid), 0) FROM roomserver_events";
static const char sql_add_previous[] =
    "INSERT INTO roomserver_previous_events (previous_event_id, event_nids) VALUES (?1, ?2)"
    " ON CONFLICT (previous_event_id) DO UPDATE SET"
    " event_nids = roomserver_previous_events.event_nids || ',' || excluded.event_nids";

/* The types that have the same number in every database, which is their place here. */
static const char *const fixed_types[] = {
    NULL,
    "m.room.create",
    "m.room.power_levels",
    "m.room.join_rules",
    "m.room.third_party_invite",
    "m.room.member",
    "m.room.redaction",
    "m.room.history_visibility",
};

enum err event_types_find(struct db *db, const char *type, int64_t *nid)
{
    for (size_t i = 1; i < sizeof fixed_types / sizeof *fixed_types; i++)
        if (strcmp(fixed_types[i], type) == 0) {
            *nid = (int64_t)i;
            return ERR_OK;
        }
    return db_integer(db, sql_find_type, DB_ARGS(DB_T(type)), nid);
}

enum err state_keys_find(struct db *db, const char *state_key, int64_t *nid)
{
    if (!*state_key) {
        *nid = STATE_KEY_EMPTY;
        return ERR_OK;
    }
    return db_integer(db, sql_find_state_key, DB_ARGS(DB_T(state_key)), nid);
}

enum err event_types_number(struct db *db, const char *type, int64_t *nid)
{
    enum err e = event_types_find(db, type, nid);

    return e == ERR_NOT_FOUND ? db_insert(db, sql_insert_type, DB_ARGS(DB_T(type)), nid) : e;
}

enum err state_keys_number(struct db *db, const char *state_key, int64_t *nid)
{
    enum err e = state_keys_find(db, state_key, nid);

    return e == ERR_NOT_FOUND ? db_insert(db, sql_insert_state_key, DB_ARGS(DB_T(state_key)), nid) : e;
}

enum err events_insert(struct db *db, const struct event_row *row, int64_t *nid)
{
    struct buf auth = {0};
    enum err e;

    nids_write(row->auth_nids, row->auth_nids_count, &auth);
    e = auth.err;
    if (!e)
        e = db_insert(db, sql_insert,
                      DB_ARGS(DB_I(row->room_nid), DB_I(row->type_nid), DB_I(row->state_key_nid),
                              DB_I(row->snapshot_nid), DB_I(row->depth), DB_T(row->id), DB_T(auth.data)),
                      nid);
    buf_free(&auth);
    return e;
}

enum err events_insert_json(struct db *db, int64_t nid, const char *json)
{
    return db_run(db, sql_insert_json, DB_ARGS(DB_I(nid), DB_BYTES(json)), NULL);
}

enum err events_add_previous(struct db *db, const char *event_id, int64_t nid)
{
    char text[24];

    snprintf(text, sizeof text, "%lld", (long long)nid);
    return db_run(db, sql_add_previous, DB_ARGS(DB_T(event_id), DB_T(text)), NULL);
}

/* What one table says of an event and another does not know is damage, not an answer. */
static enum err missing(int64_t nid)
{
    log_error("database: the event number %lld is referred to, but not there", (long long)nid);
    return ERR_CORRUPT;
}

enum err events_find(struct db *db, int64_t nid, struct stored_event *event)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_find, DB_ARGS(DB_I(nid)), &stmt);

    buf_clear(&event->json);
    if (e == ERR_NOT_FOUND)
        e = missing(nid);
    if (!e) {
        snprintf(event->id, sizeof event->id, "%s", db_text(stmt, 0));
        buf_puts(&event->json, db_text(stmt, 1));
        e = event->json.err;
    }
    db_done(&stmt);
    return e;
}

enum err events_locate(struct db *db, const char *event_id, struct event_place *place)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_locate, DB_ARGS(DB_T(event_id)), &stmt);

    if (!e)
        *place = (struct event_place){db_int(stmt, 0), db_int(stmt, 1), db_int(stmt, 2), db_int(stmt, 3)};
    db_done(&stmt);
    return e;
}

enum err events_replace_json(struct db *db, int64_t nid, const char *json)
{
    return db_run(db, sql_replace_json, DB_ARGS(DB_I(nid), DB_BYTES(json)), NULL);
}

enum err events_find_id(struct db *db, const char *event_id, struct arena *arena, struct event_by_id *event)
{
    struct stmt *stmt;
    enum err e = db_query(db, sql_find_id, DB_ARGS(DB_T(event_id)), &stmt);
    bool found = db_next(stmt, &e);

    if (found)
        *event = (struct event_by_id){
            .room_id = db_copy(stmt, 0, arena, &e),
            .room_version = db_copy(stmt, 1, arena, &e),
            .json = db_copy(stmt, 2, arena, &e),
        };
    db_done(&stmt);
    return e || found ? e : ERR_NOT_FOUND;
}

enum err events_last(struct db *db, int64_t *nid)
{
    return db_integer(db, sql_last, DB_NO_ARGS, nid);
}

enum err events_place(struct db *db, int64_t nid, int64_t *type_nid, int64_t *state_key_nid)
{
    struct stmt *stmt;
    enum err e = db_first(db, sql_place, DB_ARGS(DB_I(nid)), &stmt);

    if (e == ERR_NOT_FOUND)
        e = missing(nid);
    if (!e) {
        *type_nid = db_int(stmt, 0);
        *state_key_nid = db_int(stmt, 1);
    }
    db_done(&stmt);
    return e;
}
