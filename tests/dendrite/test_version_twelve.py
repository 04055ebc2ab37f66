# SPDX-License-Identifier: ISC
"""A room of version 12, in which creators are above all levels: mxadmin makes no events of it, but has Dendrite do so."""
import pytest

from attached import Beside
from test_jobs import wait_until

CLIENT = "/_matrix/client/v3"
SYNAPSE = "/_synapse/admin/v1"
ELEVEN = "!RgmP5YoUtC9tVNAj:example.org"
CREATOR = "@user07:example.org"
USER = "@user08:example.org"


def make_room(homeserver, kind):
    """A public one of the creator's; that of the stand-in, which knows only older ones, is called so."""
    if kind == "real":
        body = {"preset": "public_chat", "room_version": "12"}
        return homeserver.ask("POST", CLIENT + "/createRoom", "user07", body).json()["room_id"]
    database = homeserver.folder.connect("rw")
    database.execute("UPDATE roomserver_rooms SET room_version = '12' WHERE room_id = ?", [ELEVEN])
    database.close()
    return ELEVEN


@pytest.fixture
def beside(make_homeserver, kind):
    with Beside(make_homeserver()) as beside:
        beside.room_id = make_room(beside.homeserver, kind)
        beside.homeserver.settle()
        yield beside


def act(beside, path, body):
    answer = beside.ask("POST", SYNAPSE + path, "admin", body)
    assert answer.status == 200, answer
    return answer.json()


def state(beside, kind):
    answer = beside.ask("GET", f"{SYNAPSE}/rooms/{beside.room_id}/state?type={kind}", "admin")
    assert answer.status == 200, answer
    return answer.json()["state"]


def test_a_user_joins_and_is_given_power(beside, kind):
    assert act(beside, "/join/" + beside.room_id, {"user_id": USER}) == {"room_id": beside.room_id}
    beside.homeserver.settle()
    assert act(beside, f"/rooms/{beside.room_id}/make_room_admin", {"user_id": USER}) == {}
    wait_until(lambda: state(beside, "m.room.power_levels")[0]["content"]["users"].get(USER) == 100)
    users = state(beside, "m.room.power_levels")[0]["content"]["users"]
    assert kind == "stand-in" or CREATOR not in users


def test_the_creator_redacts_for_who_has_left(beside):
    act(beside, "/join/" + beside.room_id, {"user_id": USER})
    sent = beside.homeserver.ask("PUT", f"{CLIENT}/rooms/{beside.room_id}/send/m.room.message/1", "user08",
                                 {"msgtype": "m.text", "body": "spam"}).json()["event_id"]
    assert beside.homeserver.ask("POST", f"{CLIENT}/rooms/{beside.room_id}/leave", "user08", {}).status == 200
    beside.homeserver.settle()
    path = "/user/redact_status/" + act(beside, f"/user/{USER}/redact", {"rooms": [beside.room_id]})["redact_id"]

    def status():
        return beside.ask("GET", SYNAPSE + path, "admin").json()
    wait_until(lambda: status()["status"] not in ("scheduled", "active"))
    assert status() == {"status": "complete", "failed_redactions": {}}
    wait_until(lambda: beside.ask("GET", f"{SYNAPSE}/fetch_event/{sent}", "admin").json()["event"]["content"] == {})
