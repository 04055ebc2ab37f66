# SPDX-License-Identifier: ISC
"""The rest of Dendrite's own admin API."""
import answers
import room as rooms
from acts import members
from call import split_id
from folder import SERVER_NAME

# Where the rows of a room are, by its number and by its id.
# What a purge removes; reports, notifications, account data and relations are left.
BY_NUMBER = ["roomserver_membership", "roomserver_invites", "roomserver_state_snapshots", "roomserver_events",
             "roomserver_rooms"]
BY_ID = ["roomserver_room_aliases", "roomserver_published", "syncapi_output_room_events",
         "syncapi_output_room_events_topology", "syncapi_current_room_state", "syncapi_memberships",
         "syncapi_invite_events", "syncapi_backward_extremities", "syncapi_peeks", "syncapi_receipts",
         "syncapi_notification_data", "federationsender_joined_hosts"]


def need_room(call):
    room = rooms.find(call.database, call.variables["room"])
    if not room:
        raise answers.not_found("room does not exist")
    return room


def evacuate_room(call):
    """All leave at once, from one previous event."""
    room = need_room(call)
    affected = room.members("join")
    before, leaves = room.snapshot(), []
    for user_id in affected:
        content = {**room.content("m.room.member", user_id), "membership": "leave"}
        content = {name: value for name, value in content.items() if value != ""}
        leaves.append(room.build(user_id, "m.room.member", content, user_id))
    for event in leaves:
        room.store(event, before=before)
    return {"affected": affected}


def evacuate_user(call):
    user_id = call.variables["user"]
    if not user_id.startswith("@"):
        raise answers.message(400, "first character is not '@'")
    if split_id(user_id)[1] != SERVER_NAME:
        raise answers.message(400, "can only evacuate local users using this endpoint")
    try:
        return {"affected": members.leave_all(call.database, user_id)}
    except answers.Refused as refused:
        # What was left before it is left.
        call.keep = True
        prefix = "" if refused.status == 400 else refused.body["errcode"] + ": "
        raise answers.message(400, prefix + refused.body["error"]) from None


def purge_room(call):
    room_id = call.variables["room"]
    if not room_id.startswith("!"):
        raise answers.message(500, "first character is not '!'")
    room = rooms.find(call.database, room_id)
    if not room:
        raise answers.message(500, f"room {room_id} does not exist")
    purge(call.database, room)
    return {}


def purge(database, room):
    events = "(SELECT {} FROM roomserver_events WHERE room_nid = ?)"
    database.write("DELETE FROM roomserver_event_json WHERE event_nid IN " + events.format("event_nid"), room.number)
    for table, column in (("roomserver_previous_events", "previous_event_id"),
                          ("roomserver_redactions", "redaction_event_id")):
        database.write(f"DELETE FROM {table} WHERE {column} IN " + events.format("event_id"), room.number)
    database.write("DELETE FROM roomserver_state_block WHERE state_block_nid IN (SELECT value FROM"
                   " roomserver_state_snapshots, json_each(state_block_nids) WHERE room_nid = ?)", room.number)
    for table in BY_NUMBER:
        database.write(f"DELETE FROM {table} WHERE room_nid = ?", room.number)
    for table in BY_ID:
        database.write(f"DELETE FROM {table} WHERE room_id = ?", room.room_id)


def empty_rooms(call):
    return {"empty_rooms": [room_id for room_id, in call.database.rows(
        "SELECT room_id FROM roomserver_rooms AS r WHERE state_snapshot_nid <> 0 AND NOT EXISTS (SELECT * FROM"
        " roomserver_membership AS m WHERE m.room_nid = r.room_nid AND target_local AND membership_nid = 3)"
        " ORDER BY room_nid")] or None}


def refresh_devices(call):
    try:
        server = split_id(call.variables["user"])[1]
    except ValueError as fault:
        raise answers.message(400, str(fault)) from None
    if server == SERVER_NAME:
        raise answers.invalid("Can not mark local device list as stale")
    return {}


def download_state(call):
    room = rooms.find(call.database, call.variables["room"])
    if not room:
        # With 200.
        return {"errcode": "M_NOT_FOUND", "error": "room does not exist"}
    event_id, server = room.event_ids(room.latest())[0], call.variables["server"]
    url = (f"matrix://{server}/_matrix/federation/v1/state/{room.room_id.replace('!', '%21')}"
           f"?event_id={event_id.replace('$', '%24')}")
    raise answers.message(500, f'r.Inputer.FSAPI.LookupState ("{event_id}"): Get "{url}": federation prohibited by'
                               " configuration")


def reindex(call):
    return {}
