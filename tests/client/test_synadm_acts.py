# SPDX-License-Identifier: ISC
"""synadm's join and make-admin, unchanged, against the running service."""
import pytest

SERVICE = {"accounts": {"other": {"password": "other password"}},
           "rooms": {"lobby": {"of": "user"}, "den": {"of": "admin", "private": True},
                     "cellar": {"of": "user", "private": True}}}


@pytest.fixture(scope="module")
def rooms(front):
    return front.service.rooms


def members(synadm, room_id):
    return synadm("room", "members", room_id)["members"]


@pytest.mark.parametrize("name", ["lobby", "den"])
def test_join(synadm, rooms, name):
    assert synadm("room", "join", rooms[name], "@other:example.org") == {"room_id": rooms[name]}
    assert "@other:example.org" in members(synadm, rooms[name])


def test_join_where_the_admin_cannot_invite(synadm, rooms):
    assert synadm("room", "join", rooms["cellar"], "@other:example.org")["errcode"] == "M_FORBIDDEN"
    assert members(synadm, rooms["cellar"]) == ["@user:example.org"]


def test_make_admin(synadm, rooms):
    assert synadm("room", "make-admin", rooms["cellar"], "--user-id", "@other:example.org") == {}
    levels, = [event["content"] for event in synadm("room", "state", rooms["cellar"])["state"]
               if event["type"] == "m.room.power_levels"]
    assert levels["users"] == {"@user:example.org": 100, "@other:example.org": 100}


def test_make_admin_of_who_calls(synadm, rooms):
    assert synadm("room", "make-admin", rooms["cellar"]) == {}
    assert synadm("room", "join", rooms["cellar"], "@admin:example.org") == {"room_id": rooms["cellar"]}


def test_make_admin_in_an_unknown_room(synadm):
    assert synadm("room", "make-admin", "!unknown:example.org")["error"] == "Server not in room"
