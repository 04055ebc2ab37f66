# SPDX-License-Identifier: ISC
"""Which room an alias leads to, and which ones the directory has."""
import allowed
import answers
import body
import room as rooms
from folder import SERVER_NAME


def need_local(call):
    alias = call.variables["alias"]
    if not alias.startswith("#") or ":" not in alias:
        raise answers.invalid("Room alias must be in the form '#localpart:domain'")
    if alias.partition(":")[2] != SERVER_NAME:
        raise answers.forbidden("Alias must be on local homeserver")
    return alias


def put(call):
    alias, room_id = need_local(call), body.read(call.body, {"room_id": str}).get("room_id", "")
    if not room_id.startswith("!"):
        raise answers.invalid("invalid room ID")
    if call.database.row("SELECT 1 FROM roomserver_room_aliases WHERE alias = ?", alias):
        raise answers.unknown(f"The alias {alias} already exists.", 409)
    call.database.write("INSERT INTO roomserver_room_aliases VALUES (?, ?, ?)", alias, room_id, call.caller.user_id)
    return {}


def delete(call):
    """Its maker can, who is in the room; it goes from the room's state in the name of who has set that."""
    alias = call.variables["alias"]
    row = call.database.row("SELECT room_id, creator_id FROM roomserver_room_aliases WHERE alias = ?", alias)
    room = row and rooms.find(call.database, row[0])
    if not room:
        raise answers.not_found("The alias does not exist.")
    if room.membership(call.caller.user_id) != "join" or row[1] != call.caller.user_id:
        raise answers.forbidden("You do not have permission to remove this alias.")
    canonical = room.state_event("m.room.canonical_alias")[1]
    if canonical and canonical["content"].get("alias") == alias:
        if room.membership(canonical["sender"]) != "join":
            raise answers.internal()
        content = {key: value for key, value in canonical["content"].items() if key != "alias"}
        room.send(canonical["sender"], "m.room.canonical_alias", content, "")
    call.database.write("DELETE FROM roomserver_room_aliases WHERE alias = ?", alias)
    return {}


def set_visibility(call):
    """Who may name the room can."""
    room = rooms.find(call.database, call.variables["room"])
    if not room or room.membership(call.caller.user_id) != "join":
        raise answers.forbidden("user does not belong to room")
    power = allowed.Power(room)
    if power.of(call.caller.user_id) < power.needed("m.room.canonical_alias", True):
        raise answers.forbidden("userID doesn't have power level to change visibility")
    call.database.write("INSERT OR REPLACE INTO roomserver_published (room_id, appservice_id, network_id, published)"
                        " VALUES (?, '', '', ?)", call.variables["room"],
                        body.read(call.body, {"visibility": str}).get("visibility") == "public")
    return {}
