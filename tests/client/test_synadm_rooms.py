# SPDX-License-Identifier: ISC
"""synadm's look at rooms, unchanged, against the running service."""
import json

import pytest

SERVICE = {"rooms": {"lobby": {"of": "user", "joined": ["admin"]}, "den": {"of": "user"}}}
ALIAS = "#lobby:example.org"


@pytest.fixture(scope="module")
def lobby(front):
    """The id of the room that has the alias."""
    room_id = front.service.rooms["lobby"]
    answer = front.client.ask("PUT", "/_matrix/client/v3/directory/room/%23lobby:example.org",
                              {"Authorization": "Bearer " + front.service.tokens["user"]},
                              json.dumps({"room_id": room_id}).encode())
    assert answer.status == 200
    return room_id


def test_resolve(synadm, lobby):
    assert json.loads(synadm("room", "resolve", ALIAS)) == lobby


def test_resolve_an_unknown_alias(synadm):
    assert "nope" in str(synadm("room", "resolve", "#nope:example.org"))


def test_resolve_in_reverse(synadm, lobby):
    assert synadm("room", "resolve", "--reverse", lobby) == {"aliases": [ALIAS]}


def test_members(synadm, lobby):
    answer = synadm("room", "members", lobby)
    assert answer == {"members": ["@user:example.org", "@admin:example.org"], "total": 2}


def test_members_of_an_unknown_room(synadm):
    assert synadm("room", "members", "!unknown:example.org")["errcode"] == "M_NOT_FOUND"


def test_state(synadm, lobby):
    state = synadm("room", "state", lobby)["state"]
    assert [event["type"] for event in state].count("m.room.member") == 2
    assert all(event["event_id"] and event["room_id"] == lobby for event in state)


def test_power_levels(synadm, lobby):
    answer = synadm("room", "power-levels", "--name", lobby)
    assert len(answer["rooms"]) == 1 and answer["rooms"][0]["power_levels"]["@user:example.org"] == 100


def test_list_and_search(synadm, lobby):
    assert synadm("room", "list")["total_rooms"] == 2
    assert [room["room_id"] for room in synadm("room", "search", lobby)["rooms"]] == [lobby]


def test_details(synadm, lobby):
    assert synadm("room", "details", lobby)["joined_members"] == 2


def test_raw(synadm, lobby):
    assert synadm("matrix", "raw", f"client/v3/rooms/{lobby}/aliases") == {"aliases": [ALIAS]}
