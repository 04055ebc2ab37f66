# SPDX-License-Identifier: ISC
"""synadm deletes rooms, unchanged, with the running service."""
SERVICE = {"rooms": {name: {"of": "user", "joined": ["admin"]} for name in ("lobby", "den", "yard")}}
NOTHING = {"failed_to_kick_users": [], "local_aliases": []}


def test_delete(synadm, front):
    answer = synadm("room", "delete", front.service.rooms["lobby"])
    assert answer.pop("kicked_users") == ["@user:example.org", "@admin:example.org"]
    assert answer == {**NOTHING, "new_room_id": None}
    assert synadm("room", "details", front.service.rooms["lobby"])["errcode"] == "M_NOT_FOUND"


def test_delete_for_a_new_room(synadm, front):
    answer = synadm("room", "delete", "--new-room-user-id", "admin", "--room-name", "Moved", "--message", "Look",
                    "--block", "--no-purge", front.service.rooms["den"])
    new = answer.pop("new_room_id")
    assert answer == {**NOTHING, "kicked_users": ["@user:example.org", "@admin:example.org"]}
    details = synadm("room", "details", new)
    assert (details["name"], details["joined_members"]) == ("Moved", 2)
    assert synadm("room", "details", front.service.rooms["den"])["joined_members"] == 0
