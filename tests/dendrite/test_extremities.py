# SPDX-License-Identifier: ISC
"""What Dendrite's own evacuation leaves behind is made good beside it: a history that ends with one event."""
import os
import random
import time

import pytest

from attached import Beside
from pool import kill_together
from stand_in import Fault
from test_jobs import KILLS, SEED, homeserver_config, job
from waiting import wait_until

LOBBY = "!VaNppTgZjfEEpSW9:example.org"  # public, with 30 members
STAFF = "!jDGqmoLRC06s6WLY:example.org"  # whoever is not invited cannot join
PATH = "/_synapse/admin/v1/rooms/%s/forward_extremities"
CLIENT = "/_matrix/client/v3"
# Who leaves the large room.
LEAVERS = int(os.environ.get("DENDRITE_LEAVERS", "300"))


def extremities(beside, room_id):
    answer = beside.ask("GET", PATH % room_id, "admin").json()
    assert answer["count"] == len(answer["results"])
    return answer["results"]


def evacuate(homeserver, room_id):
    answer = homeserver.ask("POST", f"/_dendrite/admin/evacuateRoom/{room_id}", "admin")
    assert answer.status == 200, answer
    return len(answer.json()["affected"])


def join(homeserver, room_id, localpart):
    answer = homeserver.ask("POST", f"{CLIENT}/join/{room_id}?user_id=@{localpart}:example.org", "service", {})
    assert answer.status == 200, answer


def members(beside, room_id):
    return beside.ask("GET", f"/_synapse/admin/v1/rooms/{room_id}/members", "admin").json()["members"]


def last_type(beside, room_id):
    """Of the one event that the history ends with."""
    event, = extremities(beside, room_id)
    return beside.folder.select("event_type FROM roomserver_events JOIN roomserver_event_types USING (event_type_nid)"
                                " WHERE event_id = ?", event["event_id"])[0][0]


def test_a_room_that_everybody_has_left(make_homeserver):
    """mxadmin's own account joins for it, and leaves."""
    homeserver = make_homeserver()
    with Beside(homeserver, account=True) as beside:
        count = evacuate(homeserver, LOBBY)
        before = extremities(beside, LOBBY)
        assert len(before) == count == 30
        assert set(before[0]) == {"event_id", "state_group", "depth", "received_ts"}
        assert beside.ask("DELETE", PATH % LOBBY, "admin").json() == {"deleted": count - 1}
        assert last_type(beside, LOBBY) == "m.room.member"
        assert beside.ask("DELETE", PATH % LOBBY, "admin").json() == {"deleted": 0}
        wait_until(lambda: members(beside, LOBBY) == [])
        found, = beside.ask("GET", "/_mxadmin/v1/jobs", "admin").json()["jobs"]
        assert (found["kind"], found["target"], found["status"]) == ("merge_extremities", LOBBY, "complete")
        assert (found["done"], found["total"]) == (count - 1, count - 1)
        homeserver.stop()
        beside.service.command("fsck")


def test_killed_at_random_moments(make_homeserver, kind):
    """The whole of mxadmin, while its account is in the room or not: in the end it is not."""
    homeserver, chance = make_homeserver(), random.Random(SEED)
    if kind == "stand-in":
        homeserver.faults = [Fault("slow", "/state", "PUT", seconds=0.02), Fault("slow", "/join", "POST", seconds=0.02)]
    with Beside(homeserver, homeserver_config(homeserver, wait=0), account=True) as beside:
        evacuate(homeserver, LOBBY)
        beside.ask("DELETE", PATH % LOBBY, "admin")
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 0.05))
            kill_together(beside.front.processes[0])
            beside.front.processes[0] = beside.front.spawn(beside.front.commands()[0])
            assert beside.front.answers()
        found, = beside.ask("GET", "/_mxadmin/v1/jobs", "admin").json()["jobs"]
        wait_until(lambda: job(beside, found["id"])["status"] == "complete")
        assert last_type(beside, LOBBY) == "m.room.member"
        wait_until(lambda: members(beside, LOBBY) == [])


def test_a_room_with_a_member(make_homeserver):
    """Who says again to be a member, as may also whoever may send no message."""
    homeserver = make_homeserver()
    with Beside(homeserver) as beside:
        answer = homeserver.ask("PUT", f"{CLIENT}/rooms/{LOBBY}/state/m.room.power_levels/?user_id=@user00:example.org",
                                "service", {"users": {"@user00:example.org": 100}, "events_default": 50})
        assert answer.status == 200, answer
        evacuate(homeserver, LOBBY)
        join(homeserver, LOBBY, "user03")  # which has made one of twenty
        assert len(extremities(beside, LOBBY)) == 11
        assert beside.ask("DELETE", PATH % LOBBY, "admin").json() == {"deleted": 10}
        assert last_type(beside, LOBBY) == "m.room.member"
        wait_until(lambda: members(beside, LOBBY) == ["@user03:example.org"])


def test_a_room_that_nobody_can_come_to(make_homeserver):
    homeserver = make_homeserver()
    with Beside(homeserver, account=True) as beside:
        count = evacuate(homeserver, STAFF)
        answer = beside.ask("DELETE", PATH % STAFF, "admin")
        assert (answer.status, answer.json()["errcode"]) == (403, "M_FORBIDDEN")
        assert "Nobody of this server is in the room" in answer.json()["error"]
        assert len(extremities(beside, STAFF)) == count == 3
        assert beside.ask("GET", "/_mxadmin/v1/jobs", "admin").json()["total"] == 0


@pytest.mark.real
@pytest.mark.parametrize("kind", ["real"])
def test_a_large_room_that_everybody_has_left(make_homeserver, kind):
    homeserver = make_homeserver()
    with Beside(homeserver, account=True) as beside:
        names = ["leaver%d" % i for i in range(LEAVERS)]
        for name in names:
            answer = homeserver.ask("POST", f"{CLIENT}/register", "service", {
                "type": "m.login.application_service", "username": name, "inhibit_login": True})
            assert answer.status == 200, answer
        answer = homeserver.ask("POST", f"{CLIENT}/createRoom?user_id=@leaver0:example.org", "service",
                                {"preset": "public_chat"})
        room_id = answer.json()["room_id"]
        for name in names[1:]:
            join(homeserver, room_id, name)
        assert evacuate(homeserver, room_id) == LEAVERS
        assert len(extremities(beside, room_id)) == LEAVERS
        answer = beside.ask("DELETE", PATH % room_id, "admin").json()
        if "job_id" in answer:
            wait_until(lambda: job(beside, answer["job_id"])["status"] == "complete")
        else:
            assert answer == {"deleted": LEAVERS - 1}
        assert len(extremities(beside, room_id)) == 1
        assert homeserver.hurt() == []
        join(homeserver, room_id, "leaver1")
        assert len(extremities(beside, room_id)) == 1
