/* SPDX-License-Identifier: ISC */
/*
 * What can be wrong in the sync tables, which repeat the room server's. Positions grow, and state is
 * sometimes set again by a later event (where a room forks, or on a join over federation), so that a row's
 * position may be later than its event's, never earlier.
 */
#include "store/fsck.h"
#include "store/sql_json.h"

/* Members of the event `j`. */
#define EVENT_ROOM_ID    SQL_MEMBER("j.event_json", "$.room_id")
#define EVENT_TYPE       SQL_MEMBER("j.event_json", "$.type")
#define EVENT_STATE_KEY  SQL_MEMBER("j.event_json", "$.state_key")
#define EVENT_MEMBERSHIP SQL_MEMBER("j.event_json", "$.content.membership")

const struct fsck_statement fsck_sync_statements[] = {
    {
        .name = "sync-output",
        .finds = "events in the stream that do not exist",
        .sql = "SELECT o.room_id, o.event_id, 'it is in the stream at ' || o.id || ' and does not exist'"
               " FROM syncapi_output_room_events o"
               " WHERE o.event_id NOT IN (SELECT event_id FROM roomserver_events)",
    },
    {
        .name = "sync-topology",
        .finds = "events of the stream with no or a wrong place in their room",
        .sql = "SELECT room_id, event_id, what"
               " FROM (SELECT o.room_id AS room_id, o.event_id AS event_id, CASE"
               " WHEN t.event_id IS NULL THEN 'it is in the stream and has no place in the topology'"
               " WHEN t.room_id <> o.room_id THEN 'its place in the topology is in another room'"
               " WHEN t.stream_position <> o.id THEN 'its place in the topology is at position '"
               " || t.stream_position || ' of the stream, and it is at ' || o.id"
               " WHEN t.topological_position <> e.depth THEN 'its place in the topology is '"
               " || t.topological_position || ', and its depth is ' || e.depth"
               " END AS what"
               " FROM syncapi_output_room_events o"
               " LEFT JOIN syncapi_output_room_events_topology t ON t.event_id = o.event_id"
               " LEFT JOIN roomserver_events e ON e.event_id = o.event_id)"
               " WHERE what IS NOT NULL",
    },
    {
        .name = "sync-topology",
        .finds = "places in a room without an event in the stream",
        .sql = "SELECT room_id, event_id, 'it has a place in the topology and is not in the stream'"
               " FROM syncapi_output_room_events_topology"
               " WHERE event_id NOT IN (SELECT event_id FROM syncapi_output_room_events)",
    },
    {
        .name = "sync-state",
        .finds = "current state from before its event",
        .sql = "SELECT c.room_id, c.event_id, 'it is current state since position ' || c.added_at"
               " || ', and came at ' || o.id"
               " FROM syncapi_current_room_state c"
               " JOIN syncapi_output_room_events o ON o.event_id = c.event_id"
               " WHERE c.added_at < o.id AND NOT o.exclude_from_sync",
    },
    {
        .name = "sync-state",
        .finds = "current state of rooms that do not exist",
        .sql = "SELECT DISTINCT room_id, NULL, 'it has current state and does not exist'"
               " FROM syncapi_current_room_state"
               " WHERE room_id NOT IN (SELECT room_id FROM roomserver_rooms)",
    },
    {
        .name = "sync-membership",
        .finds = "memberships that their event does not bear out",
        .sql = "SELECT room_id, event_id, what"
               " FROM (SELECT m.room_id AS room_id, m.event_id AS event_id, CASE"
               " WHEN e.event_nid IS NULL THEN 'a ' || m.membership || ' of ' || m.user_id"
               " || ' is by this event, which does not exist'"
               " WHEN " EVENT_ROOM_ID " IS NOT m.room_id OR " EVENT_TYPE " IS NOT 'm.room.member'"
               " OR " EVENT_STATE_KEY " IS NOT m.user_id OR " EVENT_MEMBERSHIP " IS NOT m.membership"
               " THEN 'it is no ' || m.membership || ' of ' || m.user_id || ' in this room'"
               " WHEN m.stream_pos < o.id AND NOT o.exclude_from_sync"
               " THEN 'it is a ' || m.membership || ' since position ' || m.stream_pos || ', and came at '"
               " || o.id"
               " END AS what"
               " FROM syncapi_memberships m"
               " LEFT JOIN roomserver_events e ON e.event_id = m.event_id"
               " LEFT JOIN roomserver_event_json j ON j.event_nid = e.event_nid"
               " LEFT JOIN syncapi_output_room_events o ON o.event_id = m.event_id)"
               " WHERE what IS NOT NULL",
    },
    {
        .name = "sync-membership",
        .finds = "current memberships that are not the newest recorded",
        .sql = "SELECT c.room_id, c.event_id, 'it is the current membership of ' || c.state_key"
               " || ', and ' || COALESCE(m.event_id, 'none') || ' is recorded as the newest ' || c.membership"
               " FROM syncapi_current_room_state c"
               " LEFT JOIN syncapi_memberships m ON m.room_id = c.room_id AND m.user_id = c.state_key"
               " AND m.membership = c.membership"
               " WHERE c.type = 'm.room.member' AND m.event_id IS NOT c.event_id",
    },
    {
        .name = "sync-invite",
        .finds = "open invitations that no client is told of",
        .takes_server = true,
        .sql = "SELECT r.room_id, i.invite_event_id, 'the invitation of ' || k.event_state_key"
               " || ' is open, and not in the stream of invitations'"
               " FROM roomserver_invites i"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = i.room_nid"
               " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = i.target_nid"
               " WHERE NOT i.retired AND substr(k.event_state_key, instr(k.event_state_key, ':') + 1) = ?1"
               " AND NOT EXISTS (SELECT 1 FROM syncapi_invite_events s"
               " WHERE s.event_id = i.invite_event_id AND NOT s.deleted)",
    },
    {
        .name = "sync-invite",
        .finds = "invitations that clients are told of and are not open",
        .sql = "SELECT s.room_id, s.event_id, 'the invitation of ' || s.target_user_id"
               " || ' is in the stream of invitations, and ' || CASE"
               " WHEN i.retired THEN 'no longer open' ELSE 'does not exist' END"
               " FROM syncapi_invite_events s"
               " LEFT JOIN roomserver_invites i ON i.invite_event_id = s.event_id"
               " WHERE NOT s.deleted AND (i.retired OR (i.invite_event_id IS NULL"
               " AND s.event_id NOT IN (SELECT event_id FROM roomserver_events)))",
    },
    {
        .name = "sync-stream",
        .finds = "streams that stand behind their rows",
        .sql = "SELECT NULL, NULL, 'the stream \"' || m.name || '\" stands at '"
               " || COALESCE(s.stream_id, 'nothing') || ', and there is a row at ' || m.most"
               " FROM (SELECT 'global' AS name, MAX(id) AS most FROM syncapi_output_room_events"
               " UNION ALL SELECT 'global', MAX(added_at) FROM syncapi_current_room_state"
               " UNION ALL SELECT 'global', MAX(stream_pos) FROM syncapi_memberships"
               " UNION ALL SELECT 'invite', MAX(id) FROM syncapi_invite_events"
               " UNION ALL SELECT 'accountdata', MAX(id) FROM syncapi_account_data_type) m"
               " LEFT JOIN syncapi_stream_id s ON s.stream_name = m.name"
               " WHERE m.most > COALESCE(s.stream_id, 0)",
    },
};
const size_t fsck_sync_statements_count = sizeof fsck_sync_statements / sizeof *fsck_sync_statements;
