# SPDX-License-Identifier: ISC
"""The list of rooms beside a homeserver: what its file says, and soon after what has changed there."""
import pytest

from attached import Beside
from waiting import wait_until

ROOMS = "/_synapse/admin/v1/rooms"
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
# Of the fixture's rooms, in the order in which they were made.
SPACE, NOTICES = "!gqOv0Z8FZEsRQVjX:example.org", "!ZqDCNU7H1TbQdYwY:example.org"


@pytest.fixture(params=["delete", "wal"])
def beside(request, make_homeserver):
    with Beside(make_homeserver(journal=request.param)) as beside:
        yield beside


def get(beside, path):
    answer = beside.ask("GET", path, "admin")
    assert answer.status == 200, answer
    return answer.json()


def listed(beside):
    return {room["room_id"]: room for room in get(beside, ROOMS)["rooms"]}


def details(beside, room_id):
    return get(beside, f"{ROOMS}/{room_id}")


def counted(beside, room_id):
    """What the list counts, by other means."""
    def count(what, table, condition):
        return beside.folder.select(f"{what} FROM {table} WHERE {condition}", room_id)[0][0]
    joined = "type = 'm.room.member' AND membership = 'join' AND room_id = ?"
    return {"joined_members": count("COUNT(*)", "syncapi_current_room_state", joined),
            "joined_local_members": count("COUNT(*)", "syncapi_current_room_state",
                                          joined + " AND state_key LIKE '%:example.org'"),
            "state_events": count("COUNT(*)", "syncapi_current_room_state", "room_id = ?")}


def test_what_its_file_says(beside):
    rooms = listed(beside)
    assert set(rooms) == {room_id for room_id, in beside.folder.select("room_id FROM roomserver_rooms")}
    for room_id, room in rooms.items():
        assert {key: room[key] for key in ("joined_members", "joined_local_members", "state_events")} == \
            counted(beside, room_id)
        assert room["creator"].endswith(":example.org") and room["version"] in ("10", "11")
        whole = details(beside, room_id)
        assert {key: whole[key] for key in room if key != "estimated_size"} == \
            {key: room[key] for key in room if key != "estimated_size"}
        assert whole["forgotten"] is False and whole["tombstoned"] is False
    assert rooms[LOBBY]["public"] and not rooms[SPACE]["public"]
    assert rooms[SPACE]["room_type"] == "m.space" and rooms[LOBBY]["room_type"] is None
    assert not rooms[NOTICES]["federatable"] and rooms[NOTICES]["name"] == "Server Alert"


def test_what_has_changed_there(beside):
    before = listed(beside)[LOBBY]
    homeserver = beside.homeserver
    state = f"/_matrix/client/v3/rooms/{LOBBY}/state/m.room.name/"
    assert homeserver.ask("PUT", state, "user00", {"name": "Renamed"}).status == 200
    wait_until(lambda: listed(beside)[LOBBY]["name"] == "Renamed")
    assert details(beside, LOBBY)["name"] == "Renamed"

    assert homeserver.ask("POST", f"/_matrix/client/v3/rooms/{LOBBY}/leave", "user02", {}).status == 200
    wait_until(lambda: listed(beside)[LOBBY]["joined_members"] == before["joined_members"] - 1)
    room = listed(beside)[LOBBY]
    assert {key: room[key] for key in ("joined_members", "joined_local_members", "state_events")} == \
        counted(beside, LOBBY)


def test_a_room_that_comes_and_one_that_goes(beside):
    homeserver = beside.homeserver
    before = listed(beside)
    answer = homeserver.ask("POST", "/_matrix/client/v3/createRoom", "user01",
                            {"preset": "public_chat", "visibility": "public", "name": "New"})
    assert answer.status == 200, answer
    new = answer.json()["room_id"]
    wait_until(lambda: set(listed(beside)) == set(before) | {new} and listed(beside)[new]["name"] == "New")
    assert listed(beside)[new]["public"] and listed(beside)[new]["joined_members"] == 1

    assert beside.ask("POST", f"/_dendrite/admin/evacuateRoom/{new}", "admin").status == 200
    wait_until(lambda: new in [room["room_id"] for room in get(beside, ROOMS + "?empty_rooms=true")["rooms"]])
    homeserver.settle()
    assert beside.ask("POST", f"/_dendrite/admin/purgeRoom/{new}", "admin").status == 200
    wait_until(lambda: set(listed(beside)) == set(before))
    assert beside.ask("GET", f"{ROOMS}/{new}", "admin").status == 404


def test_the_largest(beside):
    sizes = get(beside, "/_synapse/admin/v1/statistics/database/rooms")["rooms"]
    assert {size["room_id"] for size in sizes} == set(listed(beside))
    assert sizes == sorted(sizes, key=lambda size: -size["estimated_size"])
    assert sizes[0]["room_id"] == LOBBY, "the one with most events"
    assert sizes[0]["estimated_size"] == listed(beside)[LOBBY]["estimated_size"]


def test_while_it_is_down(beside):
    get(beside, "/_synapse/admin/v1/statistics/database/rooms")  # from here on all sizes are known
    before = listed(beside)
    beside.homeserver.stop()
    assert listed(beside) == before
