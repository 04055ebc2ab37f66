/* SPDX-License-Identifier: ISC */
/*
 * What can be wrong between the tables of the room server. Dendrite has its own ways, which are not faults:
 * an invitation from another server is a membership without a room of ours; an event that only authorises
 * others (an outlier) has no state snapshot; a purge removes the empty snapshot that all rooms share, so that
 * the create event of another room names one that is gone. When a second event follows one, on SQLite,
 * Dendrite replaces what roomserver_previous_events lists by "1" and the new number: that there is a row is
 * all that it looks at.
 */
#include "store/fsck.h"
#include "store/sql_json.h"

/* The lists and objects in columns, of the tables as the statements below call them. */
#define LATEST         SQL_JSON("latest_event_nids")
#define LATEST_OF_ROOM SQL_JSON("r.latest_event_nids")
#define NIDS           SQL_JSON("event_nids")
#define NIDS_OF_BLOCK  SQL_JSON("b.event_nids")
#define BARE_NIDS      SQL_BARE_LIST("event_nids")
#define FOLLOWERS      SQL_BARE_LIST("p.event_nids")
#define EVENT_JSON     SQL_JSON("j.event_json")

/* Members of the event `j`, and of the invitation `i`. */
#define EVENT_SENDER      SQL_MEMBER("j.event_json", "$.sender")
#define EVENT_MEMBERSHIP  SQL_MEMBER("j.event_json", "$.content.membership")
#define INVITE_ROOM_ID    SQL_MEMBER("i.invite_event_json", "$.room_id")
#define INVITE_STATE_KEY  SQL_MEMBER("i.invite_event_json", "$.state_key")
#define INVITE_MEMBERSHIP SQL_MEMBER("i.invite_event_json", "$.content.membership")

/* Rooms with a member of another server, whose events come in any order and with gaps. */
#define FEDERATED_ROOMS "(SELECT room_nid FROM roomserver_membership WHERE NOT target_local)"

const struct fsck_statement fsck_room_statements[] = {
    {
        /* The first: much of what else is found follows from it. */
        .name = "room-purge",
        .finds = "rooms whose purge was cut off",
        .sql = "SELECT r.room_id, NULL, 'its purge was cut off: purge it again'"
               " FROM roomserver_rooms r"
               " WHERE r.state_snapshot_nid = 0 AND LENGTH(r.latest_event_nids) <= 2"
               " AND r.room_nid IN (SELECT e.room_nid FROM roomserver_events e"
               " WHERE e.event_type_nid = 1 AND e.sent_to_output)",
    },
    {
        .name = "event-room",
        .finds = "events of rooms that do not exist",
        .sql = "SELECT NULL, e.event_id, 'its room, number ' || e.room_nid || ', does not exist'"
               " FROM roomserver_events e"
               " WHERE e.room_nid NOT IN (SELECT room_nid FROM roomserver_rooms)",
    },
    {
        .name = "event-type",
        .finds = "events whose type has no name",
        .sql = "SELECT r.room_id, e.event_id, 'its type, number ' || e.event_type_nid"
               " || ', does not exist'"
               " FROM roomserver_events e"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
               " WHERE e.event_type_nid NOT IN (SELECT event_type_nid FROM roomserver_event_types)",
    },
    {
        .name = "event-state-key",
        .finds = "events whose state key has no text",
        .sql = "SELECT r.room_id, e.event_id, 'its state key, number ' || e.event_state_key_nid"
               " || ', does not exist'"
               " FROM roomserver_events e"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
               " WHERE e.event_state_key_nid <> 0 AND e.event_state_key_nid NOT IN"
               " (SELECT event_state_key_nid FROM roomserver_event_state_keys)",
    },
    {
        .name = "event-json",
        .finds = "events without JSON",
        .sql = "SELECT r.room_id, e.event_id, 'it has no JSON'"
               " FROM roomserver_events e"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
               " WHERE e.event_nid NOT IN (SELECT event_nid FROM roomserver_event_json)",
    },
    {
        .name = "event-json",
        .finds = "JSON without an event",
        .sql = "SELECT NULL, NULL, 'there is JSON of event number ' || event_nid"
               " || ', which does not exist'"
               " FROM roomserver_event_json"
               " WHERE event_nid NOT IN (SELECT event_nid FROM roomserver_events)",
    },
    {
        .name = "event-snapshot",
        .finds = "events whose state snapshot does not exist",
        .sql = "SELECT r.room_id, e.event_id, 'the state before it, snapshot ' || e.state_snapshot_nid"
               " || ', does not exist'"
               " FROM roomserver_events e"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
               " WHERE e.state_snapshot_nid <> 0 AND e.event_type_nid <> 1 AND e.state_snapshot_nid NOT IN"
               " (SELECT state_snapshot_nid FROM roomserver_state_snapshots)",
    },
    {
        .name = "event-snapshot",
        .finds = "events that were handed on before the state before them was known",
        .sql = "SELECT r.room_id, e.event_id, 'the state before it is not recorded'"
               " FROM roomserver_events e"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
               " WHERE e.state_snapshot_nid = 0 AND e.sent_to_output AND NOT e.is_rejected",
    },
    {
        .name = "previous-events",
        .finds = "lists of following events that are none",
        .sql = "SELECT NULL, previous_event_id, 'the list of the events that follow it cannot be read'"
               " FROM roomserver_previous_events"
               " WHERE " BARE_NIDS " IS NULL",
    },
    {
        /* The "1" that begins a list means nothing, see above. A purge leaves rows without either side. */
        .name = "previous-events",
        .finds = "events listed as following one that they do not name",
        .sql = "SELECT r.room_id, p.previous_event_id, 'event number ' || n.value"
               " || ' is listed as following it, and does not name it'"
               " FROM roomserver_previous_events p"
               " JOIN json_each(" FOLLOWERS ") n"
               " LEFT JOIN roomserver_events e ON e.event_nid = n.value"
               " LEFT JOIN roomserver_event_json j ON j.event_nid = n.value"
               " LEFT JOIN roomserver_events b ON b.event_id = p.previous_event_id"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = COALESCE(b.room_nid, e.room_nid)"
               " WHERE (n.value <> 1 OR p.event_nids = '1')"
               " AND (e.event_nid IS NOT NULL OR b.event_nid IS NOT NULL)"
               " AND NOT EXISTS (SELECT 1 FROM json_each(" EVENT_JSON ", '$.prev_events') x"
               " WHERE p.previous_event_id ="
               " CASE x.type WHEN 'array' THEN json_extract(x.value, '$[0]') ELSE x.value END)",
    },
    {
        .name = "room-create",
        .finds = "rooms that were never created",
        .sql = "SELECT room_id, NULL, 'the room has no m.room.create event'"
               " FROM roomserver_rooms"
               " WHERE (state_snapshot_nid <> 0 OR latest_event_nids <> '[]') AND room_nid NOT IN"
               " (SELECT room_nid FROM roomserver_events WHERE event_type_nid = 1 AND NOT is_rejected)",
    },
    {
        .name = "room-create",
        .finds = "rooms that were created twice",
        .sql = "SELECT r.room_id, MAX(e.event_id), 'the room has ' || COUNT(*) || ' m.room.create events'"
               " FROM roomserver_events e"
               " JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
               " WHERE e.event_type_nid = 1 AND NOT e.is_rejected"
               " GROUP BY e.room_nid HAVING COUNT(*) > 1",
    },
    {
        .name = "room-latest",
        .finds = "rooms whose list of latest events is none",
        .sql = "SELECT room_id, NULL, 'its list of latest events cannot be read'"
               " FROM roomserver_rooms"
               " WHERE " LATEST " IS NULL",
    },
    {
        /* Only an event that was accepted makes another one the latest. */
        .name = "room-latest",
        .finds = "events that are listed as latest and are not",
        .sql = "SELECT room_id, event_id, what"
               " FROM (SELECT r.room_id AS room_id, e.event_id AS event_id, CASE"
               " WHEN e.event_nid IS NULL THEN 'event number ' || n.value"
               " || ' is listed as latest and does not exist'"
               " WHEN e.room_nid <> r.room_nid THEN 'it is listed as latest of a room that is not its own'"
               " WHEN e.is_rejected THEN 'it is listed as latest and was rejected'"
               " WHEN EXISTS (SELECT 1 FROM roomserver_previous_events p JOIN json_each(" FOLLOWERS ") f"
               " JOIN roomserver_events s ON s.event_nid = f.value"
               " WHERE p.previous_event_id = e.event_id AND f.value <> 1"
               " AND s.sent_to_output AND NOT s.is_rejected)"
               " THEN 'it is listed as latest, and another event follows it'"
               " END AS what"
               " FROM roomserver_rooms r"
               " JOIN json_each(" LATEST_OF_ROOM ") n"
               " LEFT JOIN roomserver_events e ON e.event_nid = n.value)"
               " WHERE what IS NOT NULL",
    },
    {
        /* A join over federation begins the list anew. */
        .name = "room-latest",
        .finds = "latest events that are not listed",
        .sql = "SELECT r.room_id, e.event_id, 'no event follows it, and it is not listed as latest'"
               " FROM roomserver_events e"
               " JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
               " WHERE e.sent_to_output AND NOT e.is_rejected"
               " AND e.event_id NOT IN (SELECT previous_event_id FROM roomserver_previous_events)"
               " AND NOT EXISTS"
               " (SELECT 1 FROM json_each(" LATEST_OF_ROOM ") n WHERE n.value = e.event_nid)"
               " AND e.room_nid NOT IN " FEDERATED_ROOMS,
    },
    {
        .name = "room-sent",
        .finds = "rooms whose last event handed on is another",
        .sql = "SELECT r.room_id, NULL, 'the last event handed on is number ' || COALESCE(s.nid, 0)"
               " || ', and ' || r.last_event_sent_nid || ' is recorded'"
               " FROM roomserver_rooms r"
               " LEFT JOIN (SELECT room_nid, MAX(event_nid) AS nid FROM roomserver_events"
               " WHERE sent_to_output GROUP BY room_nid) s ON s.room_nid = r.room_nid"
               " WHERE r.last_event_sent_nid <> COALESCE(s.nid, 0) AND r.room_nid NOT IN " FEDERATED_ROOMS,
    },
    {
        .name = "state-block",
        .finds = "state blocks that are no lists",
        .sql = "SELECT NULL, NULL, 'state block ' || state_block_nid || ' cannot be read'"
               " FROM roomserver_state_block"
               " WHERE " NIDS " IS NULL",
    },
    {
        .name = "state-block",
        .finds = "state blocks with what is not state",
        .sql = "SELECT r.room_id, e.event_id, 'state block ' || b.state_block_nid"
               " || ' lists event number ' || n.value || ', ' || CASE"
               " WHEN e.event_nid IS NULL THEN 'which does not exist'"
               " WHEN e.is_rejected THEN 'which was rejected' ELSE 'which is not a state event' END"
               " FROM roomserver_state_block b"
               " JOIN json_each(" NIDS_OF_BLOCK ") n"
               " LEFT JOIN roomserver_events e ON e.event_nid = n.value"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = e.room_nid"
               " WHERE e.event_nid IS NULL OR e.is_rejected OR e.event_state_key_nid = 0",
    },
    {
        .name = "state-block",
        .finds = "state blocks that contradict themselves",
        .sql = "SELECT NULL, NULL, 'state block ' || b.state_block_nid"
               " || ' has two events for one type and state key'"
               " FROM roomserver_state_block b"
               " WHERE EXISTS (SELECT 1 FROM json_each(" NIDS_OF_BLOCK ") n JOIN roomserver_events e"
               " ON e.event_nid = n.value GROUP BY e.event_type_nid, e.event_state_key_nid"
               " HAVING COUNT(*) > 1)",
    },
    {
        .name = "state-block",
        .finds = "state blocks of several rooms",
        .sql = "SELECT NULL, NULL, 'state block ' || b.state_block_nid || ' has events of several rooms'"
               " FROM roomserver_state_block b"
               " WHERE (SELECT COUNT(DISTINCT e.room_nid) FROM json_each(" NIDS_OF_BLOCK ") n"
               " JOIN roomserver_events e ON e.event_nid = n.value) > 1",
    },
    {
        .name = "membership-event",
        .finds = "memberships that their event does not bear out",
        .sql =
            "SELECT room_id, event_id, 'the membership of ' || COALESCE(user_id, 'nobody') || what"
            " FROM (SELECT r.room_id AS room_id, e.event_id AS event_id, k.event_state_key AS user_id, CASE"
            " WHEN r.room_nid IS NULL"
            " THEN ' is in room number ' || m.room_nid || ', which does not exist'"
            " WHEN k.event_state_key_nid IS NULL"
            " THEN ' is of user number ' || m.target_nid || ', who does not exist'"
            " WHEN m.event_nid = 0 THEN NULL"
            " WHEN e.event_nid IS NULL"
            " THEN ' is by event number ' || m.event_nid || ', which does not exist'"
            " WHEN e.room_nid <> m.room_nid OR e.event_type_nid <> 5"
            " OR e.event_state_key_nid <> m.target_nid THEN ' is by an event that is not theirs'"
            " WHEN m.membership_nid <> CASE " EVENT_MEMBERSHIP
            " WHEN 'join' THEN 3 WHEN 'invite' THEN 2 WHEN 'knock' THEN 4 ELSE 1 END"
            " THEN ' is ' || m.membership_nid || ', and their event says '"
            " || COALESCE(" EVENT_MEMBERSHIP ", 'nothing')"
            " WHEN m.sender_nid NOT IN (SELECT event_state_key_nid FROM roomserver_event_state_keys"
            " WHERE event_state_key = " EVENT_SENDER ")"
            " THEN ' is by user number ' || m.sender_nid || ', who did not send their event'"
            " END AS what"
            " FROM roomserver_membership m"
            " LEFT JOIN roomserver_rooms r ON r.room_nid = m.room_nid"
            " LEFT JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
            " LEFT JOIN roomserver_events e ON e.event_nid = m.event_nid"
            " LEFT JOIN roomserver_event_json j ON j.event_nid = m.event_nid)"
            " WHERE what IS NOT NULL",
    },
    {
        .name = "membership-local",
        .finds = "members of this server taken for others, and others for ours",
        .takes_server = true,
        .sql = "SELECT r.room_id, NULL, k.event_state_key || CASE"
               " WHEN m.target_local THEN ' is recorded as a user of this server'"
               " ELSE ' is recorded as a user of another server' END"
               " FROM roomserver_membership m"
               " JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = m.room_nid"
               " WHERE k.event_state_key LIKE '@%:%' AND"
               " m.target_local <> (substr(k.event_state_key, instr(k.event_state_key, ':') + 1) = ?1)",
    },
    {
        /* A second invitation of an invited user has no row of its own. */
        .name = "invite",
        .finds = "invited users without an open invitation",
        .sql = "SELECT r.room_id, e.event_id,"
               " k.event_state_key || ' is invited, and no invitation is open'"
               " FROM roomserver_membership m"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = m.room_nid"
               " LEFT JOIN roomserver_event_state_keys k ON k.event_state_key_nid = m.target_nid"
               " LEFT JOIN roomserver_events e ON e.event_nid = m.event_nid"
               " WHERE m.membership_nid = 2"
               " AND NOT EXISTS (SELECT 1 FROM roomserver_invites i WHERE i.target_nid = m.target_nid"
               " AND i.room_nid = m.room_nid AND NOT i.retired)",
    },
    {
        .name = "invite",
        .finds = "open invitations of users who are not invited",
        .sql = "SELECT r.room_id, i.invite_event_id, 'the invitation of '"
               " || COALESCE(k.event_state_key, 'nobody') || ' is open, and they are not invited'"
               " FROM roomserver_invites i"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = i.room_nid"
               " LEFT JOIN roomserver_event_state_keys k ON k.event_state_key_nid = i.target_nid"
               " LEFT JOIN roomserver_membership m"
               " ON m.room_nid = i.room_nid AND m.target_nid = i.target_nid"
               " WHERE NOT i.retired AND COALESCE(m.membership_nid, 0) <> 2",
    },
    {
        .name = "invite",
        .finds = "invitations that their event does not bear out",
        .sql = "SELECT r.room_id, i.invite_event_id, CASE"
               " WHEN r.room_nid IS NULL THEN 'the invitation is to room number ' || i.room_nid"
               " || ', which does not exist'"
               " ELSE 'the event of the invitation is not one of this user and room' END"
               " FROM roomserver_invites i"
               " LEFT JOIN roomserver_rooms r ON r.room_nid = i.room_nid"
               " LEFT JOIN roomserver_event_state_keys k ON k.event_state_key_nid = i.target_nid"
               " WHERE r.room_nid IS NULL OR " INVITE_ROOM_ID " IS NOT r.room_id"
               " OR " INVITE_STATE_KEY " IS NOT k.event_state_key"
               " OR " INVITE_MEMBERSHIP " IS NOT 'invite'",
    },
    {
        .name = "room-alias",
        .finds = "aliases of rooms that do not exist",
        .sql = "SELECT room_id, NULL, 'the alias ' || alias || ' is of a room that does not exist'"
               " FROM roomserver_room_aliases"
               " WHERE room_id NOT IN (SELECT room_id FROM roomserver_rooms)",
    },
    {
        .name = "room-published",
        .finds = "published rooms that do not exist",
        .sql = "SELECT room_id, NULL, 'the room is published and does not exist'"
               " FROM roomserver_published"
               " WHERE published AND room_id NOT IN (SELECT room_id FROM roomserver_rooms)",
    },
    {
        .name = "redaction",
        .finds = "redactions whose event does not exist",
        .sql = "SELECT NULL, redaction_event_id, 'it is recorded as a redaction and does not exist'"
               " FROM roomserver_redactions"
               " WHERE redaction_event_id NOT IN (SELECT event_id FROM roomserver_events)",
    },
};
const size_t fsck_room_statements_count = sizeof fsck_room_statements / sizeof *fsck_room_statements;
