/* SPDX-License-Identifier: ISC */
/*
 * First goes what shows the room to its members and to others, last what makes it be found. A row that others
 * are found through goes with them or after them: the events after their JSON, the snapshots after their
 * blocks.
 */
#include "store/purge_tables.h"

/* A table with an index from the room to its rows, of which each is told by `key`. */
#define OF_ROOM_TABLE(table, room, key)                                                                      \
    {                                                                                                        \
        table,                                                                                               \
            "DELETE FROM " table " WHERE (" key ") IN (SELECT " key " FROM " table " WHERE " room            \
            " = ?1 LIMIT " PURGE_SLICE ")",                                                                  \
            "SELECT COUNT(*) FROM " table " WHERE " room " = ?1"                                             \
    }
#define OF_ROOM(table, key)                                                                                  \
    {                                                                                                        \
        .tables = { OF_ROOM_TABLE(table, "room_id", key) }                                                   \
    }
#define OF_DENDRITES_ROOM(table, key)                                                                        \
    {                                                                                                        \
        .needs = table, .tables = { OF_ROOM_TABLE(table, "room_id", key) }                                   \
    }

/* A table with an index on its users, and then on the rooms of each: slice by slice, user by user. */
#define USER_WALK(table, user, room)                                                                         \
    "SELECT n.next, (SELECT COUNT(*) FROM " table " t WHERE t." user " = n.next AND t." room " = ?2)"        \
    " FROM (SELECT MIN(" user ") AS next FROM " table " WHERE " user " > ?1) n"
#define OF_USER_ROWS(table, user, room)                                                                      \
    {                                                                                                        \
        table, "DELETE FROM " table " WHERE " user " = ?2 AND " room " = ?3",                                \
            "SELECT COUNT(*) FROM " table " WHERE " user " = ?2 AND " room " = ?3"                           \
    }
#define OF_USERS(table, user)                                                                                \
    .walk = USER_WALK(table, user, "room_id"), .key = DB_TEXT,                                               \
    .tables = {OF_USER_ROWS(table, user, "room_id")}

/* A table that no index leads into: along its own key, all of it. */
#define WHOLE_WALK(table, key, room)                                                                         \
    "SELECT MAX(" key "), COUNT(CASE WHEN " room " = ?2 THEN 1 END) FROM (SELECT " key ", " room             \
    " FROM " table " WHERE " key " > ?1 ORDER BY " key " LIMIT " PURGE_SLICE ")"
#define SLICE(key, room) key " > ?1 AND " key " <= ?2 AND " room " = ?3"
#define WHOLE_ROWS(table, key, room)                                                                         \
    {                                                                                                        \
        table, "DELETE FROM " table " WHERE " SLICE(key, room),                                              \
            "SELECT COUNT(*) FROM " table " WHERE " SLICE(key, room)                                         \
    }

/* Rows of `table` whose `column` is among what a query gives. */
#define AMONG(table, column, query)                                                                          \
    {                                                                                                        \
        table, "DELETE FROM " table " WHERE " column " IN (" query ")",                                      \
            "SELECT COUNT(*) FROM " table " WHERE " column " IN (" query ")"                                 \
    }

#define SYNC_EVENTS_OF_ROOM "SELECT event_id FROM syncapi_output_room_events WHERE " SLICE("id", "room_id")

/* The event that made the room stays until the last. */
#define EVENTS(column)                                                                                       \
    "SELECT " column " FROM roomserver_events WHERE event_type_nid <> 1 AND " SLICE("event_nid", "room_nid")
#define CREATE_EVENT(column)                                                                                 \
    "SELECT " column " FROM roomserver_events WHERE event_type_nid = 1 AND room_nid = ?1"

/*
 * An event that others name as the one before them need not be there; Dendrite keeps the ids of those, to ask
 * other servers for them.
 */
#define GAPS                                                                                                 \
    "SELECT prev_event_id FROM syncapi_backward_extremities b WHERE room_id = ?1"                            \
    " AND NOT EXISTS (SELECT 1 FROM roomserver_events e WHERE e.event_id = b.prev_event_id)"

/*
 * Dendrite has one snapshot of the empty state, which belongs to whichever room was made last, and which all
 * others begin with, too: with their create event, the only one before which nothing was. Its own purge of
 * that room removes the snapshot.
 */
#define SHARED                                                                                               \
    "(LENGTH(state_block_nids) <= 2 AND EXISTS"                                                              \
    " (SELECT 1 FROM roomserver_events e WHERE e.event_type_nid = 1 AND e.room_nid <> ?3"                    \
    " AND e.state_snapshot_nid = roomserver_state_snapshots.state_snapshot_nid))"
#define SNAPSHOTS(what, which)                                                                               \
    what " FROM roomserver_state_snapshots WHERE " which " AND " SLICE("state_snapshot_nid", "room_nid")

/* clang-format off */
const struct purge_part purge_parts[] = {
    /* How others come to the room. */
    OF_ROOM("roomserver_room_aliases", "alias"),
    OF_ROOM("roomserver_published", "room_id, appservice_id, network_id"),
    {.by_nid = true, .tables = {OF_ROOM_TABLE("roomserver_membership", "room_nid", "room_nid, target_nid")}},
    {.walk = WHOLE_WALK("roomserver_invites", "invite_event_id", "room_nid"), .key = DB_TEXT, .by_nid = true,
     .tables = {WHOLE_ROWS("roomserver_invites", "invite_event_id", "room_nid")}},
    {.walk = WHOLE_WALK("syncapi_invite_events", "id", "room_id"), .key = DB_INTEGER,
     .tables = {WHOLE_ROWS("syncapi_invite_events", "id", "room_id")}},

    /* What clients are told of it. */
    OF_ROOM("syncapi_memberships", "room_id, user_id, membership"),
    OF_ROOM("syncapi_current_room_state", "event_id"),
    OF_DENDRITES_ROOM("syncapi_receipts", "room_id, receipt_type, user_id"),
    {.needs = "syncapi_relations", .left = true,
     .tables = {OF_ROOM_TABLE("syncapi_relations", "room_id", "id")}},
    OF_DENDRITES_ROOM("syncapi_peeks", "room_id, user_id, device_id"),
    {.walk = "SELECT MAX(id), COUNT(*) FROM (SELECT id FROM syncapi_output_room_events"
             " WHERE room_id = ?2 AND id > ?1 ORDER BY id LIMIT " PURGE_SLICE ")", .key = DB_INTEGER,
     .tables = {AMONG("syncapi_output_room_events_topology", "event_id", SYNC_EVENTS_OF_ROOM),
                WHOLE_ROWS("syncapi_output_room_events", "id", "room_id")}},

    /* What users keep about it. */
    {OF_USERS("syncapi_account_data_type", "user_id"), .left = true},
    {OF_USERS("syncapi_notification_data", "user_id"), .needs = "syncapi_notification_data"},
    {OF_USERS("userapi_account_datas", "localpart"), .left = true},
    {OF_USERS("userapi_notifications", "localpart"), .left = true},
    {OF_USERS("userapi_key_backups", "user_id"), .left = true},
    {.walk = USER_WALK("roomserver_user_room_keys", "user_nid", "room_nid"), .key = DB_INTEGER,
     .by_nid = true, .left = true, .tables = {OF_USER_ROWS("roomserver_user_room_keys", "user_nid", "room_nid")}},

    /* What other servers have to do with it. */
    OF_DENDRITES_ROOM("federationsender_joined_hosts", "event_id"),
    OF_DENDRITES_ROOM("federationsender_inbound_peeks", "room_id, server_name, peek_id"),
    OF_DENDRITES_ROOM("federationsender_outbound_peeks", "room_id, server_name, peek_id"),
    {.needs = "syncapi_backward_extremities", .left = true,
     .tables = {AMONG("roomserver_previous_events", "previous_event_id", GAPS)}},
    OF_DENDRITES_ROOM("syncapi_backward_extremities", "room_id, event_id, prev_event_id"),

    /* Its state, and its history. */
    {.left = true, .tables = {OF_ROOM_TABLE("mxadmin_history_purges", "room_id", "room_id")}},
    {.walk = WHOLE_WALK("roomserver_state_snapshots", "state_snapshot_nid", "room_nid"), .key = DB_INTEGER,
     .by_nid = true, .block_lists = SNAPSHOTS("SELECT state_block_nids", "NOT " SHARED),
     .tables = {{"roomserver_state_snapshots", SNAPSHOTS("DELETE", "NOT " SHARED),
                 SNAPSHOTS("SELECT COUNT(*)", "NOT " SHARED)}}},
    {.walk = WHOLE_WALK("roomserver_state_snapshots", "state_snapshot_nid", "room_nid"), .key = DB_INTEGER,
     .by_nid = true, .kept = true,
     .tables = {{"roomserver_state_snapshots", NULL, SNAPSHOTS("SELECT COUNT(*)", SHARED)}}},
    {.walk = WHOLE_WALK("roomserver_events", "event_nid", "room_nid"), .key = DB_INTEGER, .by_nid = true,
     .tables = {AMONG("roomserver_previous_events", "previous_event_id", EVENTS("event_id")),
                AMONG("roomserver_redactions", "redaction_event_id", EVENTS("event_id")),
                AMONG("roomserver_event_json", "event_nid", EVENTS("event_nid")),
                AMONG("roomserver_events", "event_nid", EVENTS("event_nid"))}},
    {.by_nid = true,
     .tables = {AMONG("roomserver_previous_events", "previous_event_id", CREATE_EVENT("event_id")),
                AMONG("roomserver_event_json", "event_nid", CREATE_EVENT("event_nid")),
                AMONG("roomserver_events", "event_nid", CREATE_EVENT("event_nid")),
                OF_ROOM_TABLE("roomserver_rooms", "room_nid", "room_nid")}},
};
/* clang-format on */
const size_t purge_parts_count = sizeof purge_parts / sizeof *purge_parts;
