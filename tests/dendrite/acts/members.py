# SPDX-License-Identifier: ISC
"""Joining, leaving, inviting, removing."""
import json

import allowed
import answers
import body
import room as rooms
from acts import profiles
from call import split_id
from database import local_id
from room import MEMBERSHIPS

FIELDS = {"user_id": str, "reason": str}


def rooms_of(database, user_id, *memberships):
    """The rooms that somebody is in, in Dendrite's order: that of its index."""
    found = []
    for membership in memberships:
        found += [rooms.find(database, room_id) for room_id, in database.rows(
            "SELECT room_id FROM roomserver_membership JOIN roomserver_rooms USING (room_nid)"
            " JOIN roomserver_event_state_keys ON event_state_key_nid = target_nid WHERE event_state_key = ?"
            " AND membership_nid = ? AND NOT forgotten ORDER BY room_nid", user_id, MEMBERSHIPS[membership])]
    return found


def joined_rooms(call):
    return {"joined_rooms": [room.room_id for room in rooms_of(call.database, call.caller.user_id, "join")]}


def join(call):
    given = body.read(call.body) if call.body.strip() else {}
    name = call.variables["room"]
    if not name.startswith(("!", "#")):
        raise answers.unknown(f'room ID or alias "{name}" is invalid')
    if name.startswith("#"):
        name = call.database.value("SELECT room_id FROM roomserver_room_aliases WHERE alias = ?", name)
    room = name and rooms.find(call.database, name)
    if not room:
        raise answers.internal()
    user_id = call.caller.user_id
    if room.membership(user_id) != "join":
        content = {**given, **profiles.stored(call.database, call.caller.localpart), "membership": "join"}
        event = room.build(user_id, "m.room.member", content, user_id, unsigned={})
        try:
            allowed.check(room, event)
        except allowed.Denied as fault:
            room.store_rejected(event)
            call.keep = True
            raise answers.forbidden(str(fault)) from None
        room.store(event)
    return {"room_id": room.room_id}


def leave(call):
    leave_room(call.database, call.caller.user_id, call.variables["room"])
    return {}


def leave_room(database, user_id, room_id):
    if not room_id.startswith("!"):
        raise answers.unknown(f'room ID "{room_id}" is invalid')
    room = rooms.find(database, room_id)
    if not room:
        raise answers.unknown(f'room "{room_id}" does not exist')
    membership = room.membership(user_id)
    if not membership:
        raise answers.unknown(f'user "{user_id}" is not a member of room "{room_id}"')
    if membership == "invite" and is_notices(database, user_id, room_id):
        raise answers.error(403, "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM", "You cannot reject this invite")
    if membership not in ("join", "invite"):
        raise answers.unknown(f'user "{user_id}" is not joined to the room (membership is "{membership}")')
    room.send(user_id, "m.room.member", {"membership": "leave"}, user_id, unsigned={})


def is_notices(database, user_id, room_id):
    return "m.server_notice" in (database.account_data(user_id, room_id, "m.tag") or {}).get("tags", {})


def leave_all(database, user_id):
    """The rooms left; where one cannot be, those before it are."""
    left = []
    for room in rooms_of(database, user_id, "join", "invite"):
        leave_room(database, user_id, room.room_id)
        left.append(room.room_id)
    return left


def forget(call):
    room = rooms.find(call.database, call.variables["room"])
    if not room:
        raise answers.forbidden("room does not exist")
    user_id = call.caller.user_id
    if room.membership(user_id) == "join":
        raise answers.unknown(f"User {user_id} is in room {room.room_id}")
    call.database.write("UPDATE roomserver_membership SET forgotten = 1 WHERE room_nid = ? AND target_nid = ?",
                        room.number, call.database.state_key_number(user_id))
    return {}


def need_room(call):
    """The room that the caller is joined to."""
    room = rooms.find(call.database, call.variables["room"])
    if not room or room.membership(call.caller.user_id) != "join":
        raise answers.forbidden("user does not belong to room")
    return room


def target(call):
    given = body.read(call.body, FIELDS)
    if not given.get("user_id"):
        raise answers.bad_json("missing user_id")
    try:
        split_id(given["user_id"])
    except ValueError:
        raise answers.bad_json("body userID is invalid") from None
    return given["user_id"], given.get("reason")


def invite(call):
    user_id, reason = target(call)
    invite_to(need_room(call), call.caller.user_id, user_id, reason)
    return {}


def invite_to(room, sender, user_id, reason=None, creating=False):
    if room.membership(user_id) == "join":
        raise answers.forbidden("user is already joined to room")
    content = {"membership": "invite", **({"reason": reason} if reason else {})}
    event = room.build(sender, "m.room.member", content, user_id,
                       unsigned={"invite_room_state": room.stripped(sender if creating else None)})
    try:
        allowed.check(room, event)
    except allowed.Denied as fault:
        raise answers.forbidden(str(fault)) from None
    event_id = room.store(event)
    if not room.database.account_data(user_id, "", "m.push_rules"):
        # Whoever is notified has rules for it, who does not exist too.
        rules = push_rules(room.database, user_id[1:].partition(":")[0])
        room.database.save_account_data(user_id, "", "m.push_rules", rules, tell=False)
    return event_id


def push_rules(database, localpart):
    """The rules that everybody begins with, which have the name in them."""
    old, content = database.row("SELECT localpart, content FROM userapi_account_datas WHERE type = 'm.push_rules'"
                                " LIMIT 1")
    text = json.dumps(json.loads(content)).replace(f'"{old}"', f'"{localpart}"')
    return json.loads(text.replace(local_id(old), local_id(localpart)))


def remove(call, membership, level, verb):
    user_id, reason = target(call)
    room = need_room(call)
    power = allowed.Power(room)
    if power.of(call.caller.user_id) < power.level(level):
        raise answers.forbidden(f"You don't have permission to {verb} this user, power level too low.")
    old = room.membership(user_id)
    if verb == "kick" and old not in ("join", "invite"):
        raise answers.Refused(403, {"errcode": "M_UNKNOWN", "error": "cannot /kick banned or left users"})
    return send_removal(call, room, user_id, membership, reason)


def send_removal(call, room, user_id, membership, reason):
    found = profiles.stored(call.database, user_id[1:].partition(":")[0]) or {}
    content = {**{name: text for name, text in found.items() if text}, "membership": membership,
               **({"reason": reason} if reason else {})}
    try:
        room.send(call.caller.user_id, "m.room.member", content, user_id)
    except allowed.Denied:
        raise answers.forbidden("the event was rejected") from None
    return {}


def kick(call):
    return remove(call, "leave", "kick", "kick")


def ban(call):
    return remove(call, "ban", "ban", "ban")


def unban(call):
    user_id, reason = target(call)
    room = need_room(call)
    if room.membership(user_id) != "ban":
        raise answers.unknown("can only /unban users that are banned")
    return send_removal(call, room, user_id, "leave", reason)
