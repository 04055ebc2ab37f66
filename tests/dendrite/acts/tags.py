# SPDX-License-Identifier: ISC
"""Tags of rooms, which are account data."""
import answers
import body


def need_own(call):
    if call.variables["user"] != call.caller.user_id:
        raise answers.forbidden("Cannot modify another user's tags")
    return call.caller.user_id, call.variables["room"]


def stored(call, user_id, room_id):
    return (call.database.account_data(user_id, room_id, "m.tag") or {}).get("tags")


def every(call):
    return {"tags": stored(call, *need_own(call))}


def put(call):
    place = need_own(call)
    tags = {**(stored(call, *place) or {}), call.variables["tag"]: body.read(call.body)}
    call.database.save_account_data(*place, "m.tag", {"tags": tags})
    return {}


def delete(call):
    place = need_own(call)
    tags = stored(call, *place) or {}
    if call.variables["tag"] in tags:
        del tags[call.variables["tag"]]
        call.database.save_account_data(*place, "m.tag", {"tags": tags})
    return {}
