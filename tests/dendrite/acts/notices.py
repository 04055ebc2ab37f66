# SPDX-License-Identifier: ISC
"""Server notices. Only `body` and `msgtype` are sent on, and nobody asks whether the recipient exists."""
import shared  # noqa: F401, and with it the folders of what is shared with other tests

import answers
import body
import check_events
from acts import members, rooms
from call import ADMIN, split_id
from database import local_id
from folder import SERVER_NAME

FIELDS = {"user_id": str, "content": {"msgtype": str, "body": str}, "type": str, "state_key": str}
TAG = {"tags": {"m.server_notice": {"order": 1}}}


def send(call):
    if call.caller.account_type != ADMIN:
        raise answers.forbidden("This API can only be used by admin users.")
    transaction = call.variables.get("transaction")
    known = transaction and call.memory.transactions.get((call.token, call.path))
    if known:
        return known
    user_id, content = notice_in(call)
    sender = local_id(call.database.config["global"]["server_notices"]["local_part"])
    room = room_for(call, sender, user_id)
    answer = {"event_id": room.send(sender, "m.room.message", content,
                                    transaction=transaction and (call.caller.session_id, transaction))}
    if transaction:
        call.memory.transactions[(call.token, call.path)] = answer
    return answer


def notice_in(call):
    given = body.read(call.body, FIELDS)
    content = given.get("content") or {}
    if not (given.get("user_id") and content.get("msgtype") and content.get("body")):
        raise answers.bad_json("Invalid request")
    try:
        split_id(given["user_id"])
    except ValueError:
        raise answers.invalid("invalid user ID") from None
    return given["user_id"], {name: content[name] for name in ("body", "msgtype")}


def room_for(call, sender, user_id):
    """The room that both have been in; who is not joined is invited with every notice."""
    database = call.database
    theirs = {room.room_id for room in members.rooms_of(database, user_id, "join", "invite", "leave")}
    common = [room for room in members.rooms_of(database, sender, "join") if room.room_id in theirs]
    if len(common) > 1:
        raise answers.message(500, f"expected to find one room, but got {len(common)}")
    if common:
        if common[0].membership(user_id) != "join":
            members.invite_to(common[0], sender, user_id, "Server notice room")
        return common[0]
    name = database.config["global"]["server_notices"]["room_name"]
    room = rooms.make(database, sender, "private_chat", name, creation={"m.federate": False},
                      levels={"users": {user_id: -10}})
    if split_id(user_id)[1] != SERVER_NAME:
        # The room stays.
        call.keep = True
        database.state_key_number(user_id)
        event_id = check_events.event_id(10, room.build(sender, "m.room.member", {"membership": "invite"}, user_id))
        url = (f"matrix://{split_id(user_id)[1]}/_matrix/federation/v2/invite/{room.room_id.replace('!', '%21')}/"
               f"{event_id}")
        raise answers.forbidden(f'r.federation.SendInviteV2: failed to send invite: Put "{url}": federation prohibited'
                                " by configuration")
    members.invite_to(room, sender, user_id, creating=True)
    database.save_account_data(user_id, room.room_id, "m.tag", TAG)
    return room
