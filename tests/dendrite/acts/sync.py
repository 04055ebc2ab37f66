# SPDX-License-Identifier: ISC
"""As much of /sync as shows in which rooms somebody is, and what has happened there."""
import json

import answers


def event_of(text):
    event = json.loads(text)
    event["event_id"] = event.pop("_event_id")
    return {name: event[name] for name in event if name in
            ("content", "event_id", "origin_server_ts", "redacts", "sender", "state_key", "type", "unsigned")}


def since(query):
    text = query.get("since", "")
    if text and not (text.startswith("s") and text[1:].partition("_")[0].isdecimal()):
        raise answers.invalid("syncapi: invalid stream token")
    return int(text[1:].partition("_")[0]) if text else 0


def memberships(database, user_id):
    """{room id: (membership, position)}, of the newest each."""
    return {room_id: (membership, position) for room_id, membership, position in database.rows(
        "SELECT room_id, membership, stream_pos FROM syncapi_memberships WHERE user_id = ? ORDER BY stream_pos",
        user_id)}


def sync(call):
    database, start = call.database, since(call.query)
    rooms = {"join": {}, "invite": {}, "leave": {}}
    for room_id, (membership, position) in memberships(database, call.caller.user_id).items():
        if membership == "join":
            rooms["join"][room_id] = joined(database, room_id, start)
        elif membership == "invite" and position > start:
            rooms["invite"][room_id] = {"invite_state": {"events": invite_state(database, room_id, call.caller)}}
        elif membership in ("leave", "ban") and start and position > start:
            rooms["leave"][room_id] = {"timeline": timeline(database, room_id, start, position),
                                       "state": {"events": []}}
    if start:
        rooms["join"] = {room_id: room for room_id, room in rooms["join"].items() if room["timeline"]["events"]}
    end = database.value("SELECT stream_id FROM syncapi_stream_id WHERE stream_name = 'global'")
    return {"next_batch": f"s{end}_0_0_0_0_0_0_0_0", "rooms": {kind: found for kind, found in rooms.items() if found}}


def timeline(database, room_id, start, end=None):
    rows = database.rows("SELECT headered_event_json FROM syncapi_output_room_events WHERE room_id = ? AND id > ?"
                         " AND (? IS NULL OR id <= ?) ORDER BY id DESC LIMIT 20", room_id, start, end, end)
    return {"events": [event_of(text) for text, in reversed(rows)], "limited": len(rows) == 20}


def joined(database, room_id, start):
    state = database.rows("SELECT headered_event_json FROM syncapi_current_room_state WHERE room_id = ? AND ? = 0"
                          " ORDER BY added_at", room_id, start)
    return {"timeline": timeline(database, room_id, start), "state": {"events": [event_of(text) for text, in state]}}


def invite_state(database, room_id, caller):
    text = database.value("SELECT headered_event_json FROM syncapi_invite_events WHERE room_id = ?"
                          " AND target_user_id = ? AND NOT deleted", room_id, caller.user_id)
    event = json.loads(text)
    return [*event.get("unsigned", {}).get("invite_room_state", []),
            {name: event[name] for name in ("content", "sender", "state_key", "type")}]
