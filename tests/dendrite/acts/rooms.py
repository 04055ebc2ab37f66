# SPDX-License-Identifier: ISC
"""Making rooms, their state and their events."""
import shared  # noqa: F401, and with it the folders of what is shared with other tests

import allowed
import answers
import body
import room as rooms
from acts import members, profiles
from check_events import Refused
from database import encode, random_string
from folder import SERVER_NAME

VERSION = "10"
SIZE_MAX = 65536  # of an event
FIELDS = {"preset": str, "visibility": str, "name": str, "topic": str, "invite": list, "creation_content": dict,
          "power_level_content_override": dict, "room_version": str, "room_alias_name": str}
LEVELS = {
    "ban": 50, "events_default": 0, "invite": 0, "kick": 50, "redact": 50, "state_default": 50, "users_default": 0,
    "notifications": {"room": 50},
    "events": {"m.room.avatar": 50, "m.room.canonical_alias": 50, "m.room.encryption": 100,
               "m.room.history_visibility": 100, "m.room.name": 50, "m.room.power_levels": 100,
               "m.room.server_acl": 100, "m.room.tombstone": 100},
}


def create(call):
    given = body.read(call.body, FIELDS)
    for user_id in given.get("invite", []):
        if not user_id.startswith("@") or ":" not in user_id:
            raise answers.bad_json("user id must be in the form @localpart:domain")
    version = given.get("room_version", VERSION)
    if version not in ("10", "11"):
        raise answers.error(400, "M_UNSUPPORTED_ROOM_VERSION", f"room version '{version}' is not known")
    public, alias = given.get("visibility") == "public", alias_in(call, given)
    room = make(call.database, call.caller.user_id, given.get("preset", "public_chat" if public else ""),
                given.get("name"), given.get("topic"), given.get("creation_content"),
                given.get("power_level_content_override"), version, alias)
    for user_id in given.get("invite", []):
        members.invite_to(room, call.caller.user_id, user_id, creating=True)
    if public:
        call.database.write("INSERT INTO roomserver_published (room_id, published) VALUES (?, 1)", room.room_id)
    return {"room_id": room.room_id, **({"room_alias": alias} if alias else {})}


def new_id():
    return f"!{random_string(16)}:{SERVER_NAME}"


def alias_in(call, given):
    if not given.get("room_alias_name"):
        return None
    alias = f"#{given['room_alias_name']}:{SERVER_NAME}"
    if call.database.row("SELECT 1 FROM roomserver_room_aliases WHERE alias = ?", alias):
        # It has given the room a number by then.
        rooms.note(call.database, new_id(), VERSION)
        call.keep = True
        raise answers.error(400, "M_ROOM_IN_USE", "Room ID already exists.")
    return alias


def make(database, creator, preset, name=None, topic=None, creation=None, levels=None, version=VERSION, alias=None):
    """`levels` are put over the usual ones, `creation` is put into the first event."""
    room = rooms.create(database, new_id(), version)
    if alias:
        database.write("INSERT INTO roomserver_room_aliases VALUES (?, ?, ?)", alias, room.room_id, creator)
    profile = {field: text for field, text in profiles.stored(database, creator[1:].partition(":")[0]).items() if text}
    users = {creator: 100, **(levels or {}).get("users", {})}
    made_by = {} if version == "11" else {"creator": creator}
    state = [("m.room.create", {**made_by, "room_version": version, **(creation or {})}),
             ("m.room.member", {**profile, "membership": "join"}),
             ("m.room.power_levels", {**LEVELS, **(levels or {}), "users": users}),
             ("m.room.join_rules", {"join_rule": "public" if preset == "public_chat" else "invite"}),
             ("m.room.history_visibility", {"history_visibility": "shared"})]
    if preset == "private_chat":
        state.append(("m.room.guest_access", {"guest_access": "can_join"}))
    if name:
        state.append(("m.room.name", {"name": name}))
    if topic:
        state.append(("m.room.topic", {"topic": topic}))
    if alias:
        state.append(("m.room.canonical_alias", {"alias": alias}))
    for kind, content in state:
        room.send(creator, kind, content, creator if kind == "m.room.member" else "")
    return room


def need_known(call):
    room = rooms.find(call.database, call.variables["room"])
    if not room:
        raise answers.error(400, "M_UNSUPPORTED_ROOM_VERSION",
                            f"QueryRoomVersionForRoom: missing room info for room {call.variables['room']}")
    return room


def send_allowed(room, *what, transaction=None, **more):
    try:
        event = room.build(*what, **more)
    except Refused:
        raise answers.bad_json("gomatrixserverlib: bad JSON: value is outside of safe range") from None
    if len(encode(event)) > SIZE_MAX:
        raise answers.bad_json(f"gomatrixserverlib: event is too long, length {len(encode(event))} bytes > maximum"
                               f" {SIZE_MAX} bytes", 413)
    try:
        allowed.check(room, event)
    except allowed.Denied as fault:
        raise answers.forbidden(str(fault)) from None
    return room.store(event, transaction)


def send(call):
    known = call.memory.transactions.get((call.token, call.path))
    if known:
        return known
    room, content = need_known(call), body.read(call.body)
    answer = {"event_id": send_allowed(room, call.caller.user_id, call.variables["type"], content,
                                       transaction=(call.caller.session_id, call.variables["transaction"]))}
    call.memory.transactions[(call.token, call.path)] = answer
    return answer


def set_state(call):
    room, content = need_known(call), body.read(call.body)
    kind, key = call.variables["type"], call.variables.get("key", "")
    if (kind, key) == ("m.room.create", ""):
        raise answers.invalid("cannot resend m.room.create event")
    number, old = room.state_event(kind, key)
    if old and old["content"] == content:
        return {"event_id": room.event_ids([number])[0]}
    return {"event_id": send_allowed(room, call.caller.user_id, kind, content, key)}


def state(call):
    room = rooms.find(call.database, call.variables["room"])
    kind, user_id = call.variables["type"], call.caller.user_id
    if not room or not room.membership(user_id):
        raise answers.forbidden(f'Unknown room "{call.variables["room"]}" or user "{user_id}" has never joined this '
                                "room")
    content = room.content(kind, call.variables.get("key", ""))
    if content is None:
        raise answers.not_found(f'Cannot find state event for "{kind}"')
    return content


def redact(call):
    room = members.need_room(call)
    known = call.memory.transactions.get((call.token, call.path))
    if known:
        return known
    event_id, user_id = call.variables["event"], call.caller.user_id
    number = call.database.value("SELECT event_nid FROM roomserver_events WHERE event_id = ? AND room_nid = ?",
                                 event_id, room.number)
    if not number:
        raise answers.error(400, "M_NOT_FOUND", "unknown event ID")
    power = allowed.Power(room)
    if room.event(number)["sender"] != user_id and power.of(user_id) < power.level("redact"):
        raise answers.forbidden("You don't have permission to redact this event, power level too low.")
    given = body.read(call.body, {"reason": str})
    content = {"reason": given.get("reason", ""), "redacts": event_id}
    answer = {"event_id": send_allowed(room, user_id, "m.room.redaction", content, redacts=event_id)}
    call.memory.transactions[(call.token, call.path)] = answer
    return answer
