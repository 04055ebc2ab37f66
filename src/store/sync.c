/* SPDX-License-Identifier: ISC */
#include <stdio.h>

#include "matrix/id.h"
#include "store/sync.h"

static const char sql_next[] = "UPDATE syncapi_stream_id SET stream_id = stream_id + 1"
                               " WHERE stream_name = ?1 RETURNING stream_id";
static const char sql_last[] = "SELECT stream_id FROM syncapi_stream_id WHERE stream_name = ?1";
static const char sql_set_last[] = "UPDATE syncapi_stream_id SET stream_id = ?2 WHERE stream_name = ?1";

static const char sql_insert_event[] =
    "INSERT INTO syncapi_output_room_events (id, event_id, room_id, headered_event_json, type, sender,"
    " contains_url, add_state_ids, remove_state_ids, session_id, transaction_id, exclude_from_sync,"
    " history_visibility) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
    " CASE WHEN ?11 IS NULL THEN NULL ELSE ?10 END, ?11, FALSE, ?12)";
static const char sql_insert_topology[] =
    "INSERT INTO syncapi_output_room_events_topology (event_id, topological_position, stream_position,"
    " room_id) VALUES (?1, ?2, ?3, ?4)";
static const char sql_put_state[] =
    "INSERT INTO syncapi_current_room_state (room_id, event_id, type, sender, contains_url, state_key,"
    " headered_event_json, membership, added_at, history_visibility)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (room_id, type, state_key) DO UPDATE SET"
    " event_id = excluded.event_id, sender = excluded.sender, contains_url = excluded.contains_url,"
    " headered_event_json = excluded.headered_event_json, membership = excluded.membership,"
    " added_at = excluded.added_at, history_visibility = excluded.history_visibility";
static const char sql_find_state[] = "SELECT headered_event_json FROM syncapi_current_room_state"
                                     " WHERE room_id = ?1 AND type = ?2 AND state_key = ?3";
static const char sql_find_transaction[] = "SELECT event_id FROM syncapi_output_room_events"
                                           " WHERE room_id = ?1 AND sender = ?2 AND transaction_id = ?3";
static const char sql_put_membership[] =
    "INSERT INTO syncapi_memberships (room_id, user_id, membership, event_id, stream_pos, topological_pos)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (room_id, user_id, membership) DO UPDATE SET"
    " event_id = excluded.event_id, stream_pos = excluded.stream_pos,"
    " topological_pos = excluded.topological_pos";

static const char sql_insert_invite[] =
    "INSERT INTO syncapi_invite_events (id, event_id, room_id, target_user_id, headered_event_json, deleted)"
    " VALUES (?1, ?2, ?3, ?4, ?5, FALSE)";
/* The row moves to a new position, or a client would not hear of it. */
static const char sql_retire_invite[] =
    "UPDATE syncapi_invite_events SET deleted = TRUE, id = ?2 WHERE event_id = ?1 AND NOT deleted";

static const char *const stream_names[] = {
    [SYNC_EVENTS] = "global",
    [SYNC_INVITES] = "invite",
    [SYNC_ACCOUNT_DATA] = "accountdata",
};
_Static_assert(sizeof stream_names / sizeof *stream_names == SYNC_STREAM__MAX, "a name for every stream");

enum err sync_next(struct db *db, enum sync_stream stream, int64_t *position)
{
    return db_integer(db, sql_next, DB_ARGS(DB_T(stream_names[stream])), position);
}

enum err sync_last(struct db *db, enum sync_stream stream, int64_t *position)
{
    return db_integer(db, sql_last, DB_ARGS(DB_T(stream_names[stream])), position);
}

enum err sync_set_last(struct db *db, enum sync_stream stream, int64_t position)
{
    return db_run(db, sql_set_last, DB_ARGS(DB_T(stream_names[stream]), DB_I(position)), NULL);
}

static enum err insert_history(struct db *db, const struct sync_event *event)
{
    char added[ID_SIZE + 4] = "";

    if (event->state_key)
        snprintf(added, sizeof added, "[\"%s\"]", event->id); /* our own ids have nothing to escape */
    return db_run(db, sql_insert_event,
                  DB_ARGS(DB_I(event->position), DB_T(event->id), DB_T(event->room_id), DB_BYTES(event->json),
                          DB_T(event->type), DB_T(event->sender), DB_I(event->contains_url), DB_T(added),
                          DB_T(event->replaces ? event->replaces : ""), DB_I(event->session_id),
                          DB_T(event->transaction_id), DB_I(event->visibility)),
                  NULL);
}

static enum err insert_topology(struct db *db, const struct sync_event *event)
{
    return db_run(db, sql_insert_topology,
                  DB_ARGS(DB_T(event->id), DB_I(event->depth), DB_I(event->position), DB_T(event->room_id)),
                  NULL);
}

static enum err put_state(struct db *db, const struct sync_event *event)
{
    if (!event->state_key)
        return ERR_OK;
    return db_run(db, sql_put_state,
                  DB_ARGS(DB_T(event->room_id), DB_T(event->id), DB_T(event->type), DB_T(event->sender),
                          DB_I(event->contains_url), DB_T(event->state_key), DB_BYTES(event->json),
                          DB_T(event->membership), DB_I(event->position), DB_I(event->visibility)),
                  NULL);
}

static enum err put_membership(struct db *db, const struct sync_event *event)
{
    if (!event->membership)
        return ERR_OK;
    return db_run(db, sql_put_membership,
                  DB_ARGS(DB_T(event->room_id), DB_T(event->state_key), DB_T(event->membership),
                          DB_T(event->id), DB_I(event->position), DB_I(event->depth)),
                  NULL);
}

enum err sync_insert_event(struct db *db, enum sync_table table, const struct sync_event *event)
{
    static enum err (*const insert[])(struct db * db, const struct sync_event *event) = {
        [SYNC_HISTORY] = insert_history,
        [SYNC_TOPOLOGY] = insert_topology,
        [SYNC_STATE] = put_state,
        [SYNC_MEMBERSHIPS] = put_membership,
    };
    _Static_assert(sizeof insert / sizeof *insert == SYNC_TABLE__MAX, "a row for every table");

    return insert[table](db, event);
}

enum err sync_find_state(struct db *db, const char *room_id, const char *type, const char *state_key,
                         struct arena *arena, const char **json)
{
    return db_string(db, sql_find_state, DB_ARGS(DB_T(room_id), DB_T(type), DB_T(state_key)), arena, json);
}

enum err sync_find_transaction(struct db *db, const char *room_id, const char *sender,
                               const char *transaction_id, struct arena *arena, const char **event_id)
{
    return db_string(db, sql_find_transaction, DB_ARGS(DB_T(room_id), DB_T(sender), DB_T(transaction_id)),
                     arena, event_id);
}

enum err sync_insert_invite(struct db *db, const char *event_id, const char *room_id, const char *user_id,
                            const char *json)
{
    int64_t position = 0;
    enum err e = sync_next(db, SYNC_INVITES, &position);

    if (!e)
        e = db_run(db, sql_insert_invite,
                   DB_ARGS(DB_I(position), DB_T(event_id), DB_T(room_id), DB_T(user_id), DB_BYTES(json)),
                   NULL);
    return e;
}

enum err sync_retire_invite(struct db *db, const char *event_id)
{
    int64_t position = 0;
    enum err e = sync_next(db, SYNC_INVITES, &position);

    return e ? e : db_run(db, sql_retire_invite, DB_ARGS(DB_T(event_id), DB_I(position)), NULL);
}
