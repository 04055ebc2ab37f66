# SPDX-License-Identifier: ISC
"""Profiles, and the membership events that carry them into the rooms."""
import answers
import body
from acts import members
from call import split_id
from folder import SERVER_NAME

COLUMNS = {"displayname": "display_name", "avatar_url": "avatar_url"}


def stored(database, localpart):
    row = database.row("SELECT display_name, avatar_url FROM userapi_profiles WHERE localpart = ? AND server_name = ?",
                       localpart, SERVER_NAME)
    return row and {"displayname": row[0] or "", "avatar_url": row[1] or ""}


def profile(call):
    try:
        localpart, server = split_id(call.variables["user"])
    except ValueError:
        raise answers.internal() from None
    if server != SERVER_NAME:
        raise answers.internal()
    found = stored(call.database, localpart)
    if not found:
        raise answers.not_found("The user does not exist or does not have a profile")
    wanted = [call.variables["field"]] if "field" in call.variables else COLUMNS
    return {name: found[name] for name in wanted if found[name]}


def set_field(call):
    if call.variables["user"] != call.caller.user_id:
        raise answers.forbidden("userID does not match the current user")
    field, localpart = call.variables["field"], call.caller.localpart
    value = body.read(call.body, {name: str for name in COLUMNS}, "UserProfile").get(field, "")
    old = stored(call.database, localpart)
    call.database.write(f"UPDATE userapi_profiles SET {COLUMNS[field]} = ? WHERE localpart = ? AND server_name = ?",
                        value, localpart, SERVER_NAME)
    if old[field] != value:
        new = {name: text for name, text in {**old, field: value}.items() if text}
        for room in members.rooms_of(call.database, call.caller.user_id, "join"):
            room.send(call.caller.user_id, "m.room.member", {**new, "membership": "join"}, call.caller.user_id)
    return {}
