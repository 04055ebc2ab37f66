# SPDX-License-Identifier: ISC
"""How many changes the homeserver is asked for at once, and that those who wait for their turn keep nobody waiting."""
import sqlite3
import threading
import time

import pytest

from attached import Beside
from folder import Folder
from pool import kill_together
from stand_in import Fault, StandIn
from waiting import wait_until

WHOIS = "/_matrix/client/v3/admin/whois/@user01:example.org"
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
WORKERS = 2
ASKING = 6


@pytest.fixture
def homeserver():
    homeserver = StandIn(Folder()).start()
    yield homeserver
    homeserver.close()


def beside(homeserver, **options):
    return Beside(homeserver, {"workers": WORKERS, "homeserver": {
        "kind": "dendrite", "config": str(homeserver.folder.config_file), "url": homeserver.url, **options}}, account=True)


class Resets:
    """So many passwords are set at once, none of which gets an answer before `held.release`."""

    def __init__(self, homeserver, beside, count=ASKING):
        self.homeserver, self.beside, self.answers, self.threads = homeserver, beside, [], []
        self.held = Fault("held", "/resetPassword/")
        homeserver.faults = [self.held]
        self.add(count)

    def add(self, count):
        for _ in range(count):
            self.threads.append(threading.Thread(target=self.ask, args=(len(self.threads) + 1,)))
            self.threads[-1].start()

    def ask(self, number):
        path = f"/_dendrite/admin/resetPassword/@user{number:02}:example.org"
        self.answers.append(self.beside.ask("POST", path, "admin", {"password": "some password", "logout_devices": False}))

    def asked(self):
        """Of the homeserver, and not answered by it yet."""
        return sum("/resetPassword/" in request.path and request.status is None for request in self.homeserver.requests)

    def end(self):
        self.held.release.set()
        for thread in self.threads:
            thread.join()
        return sorted(answer.status for answer in self.answers)


@pytest.mark.parametrize("concurrency", [1, 2])
def test_turns(homeserver, concurrency):
    with beside(homeserver, concurrency=concurrency) as front:
        resets = Resets(homeserver, front)
        wait_until(lambda: resets.asked() == concurrency)
        if concurrency < WORKERS:
            for _ in range(20):
                assert front.ask("GET", WHOIS, "admin").status == 200
        time.sleep(0.1)
        assert resets.asked() == concurrency
        assert resets.end() == [200] * ASKING


def test_who_waits_too_long_is_told(homeserver):
    with beside(homeserver, wait=1) as front:
        resets = Resets(homeserver, front, 1)
        wait_until(lambda: resets.asked() == 1)
        resets.add(ASKING - 1)  # they come to the worker that is free
        wait_until(lambda: len(resets.answers) == ASKING - 1)
        assert resets.asked() == 1
        for answer in resets.answers:
            assert (answer.status, answer.json()["errcode"]) == (503, "M_UNKNOWN"), answer
            assert "busy" in answer.json()["error"] and int(answer.headers["retry-after"]) > 0
        assert resets.end() == [200] + [503] * (ASKING - 1)


def test_a_pause_follows(homeserver):
    """Five times as long as the change took, with a rollback journal; a slow machine makes it no shorter."""
    with beside(homeserver) as front:
        resets = Resets(homeserver, front, 1)
        wait_until(lambda: resets.asked() == 1)
        time.sleep(0.2)
        end = time.monotonic()
        assert resets.end() == [200]
        assert front.ask("POST", "/_synapse/admin/v1/reset_password/@user05:example.org", "admin",
                         {"new_password": "some password"}).status == 200
        assert time.monotonic() - end >= 5 * 0.2


def test_a_job_waits_as_well(homeserver):
    """It goes on when it is its turn, and a request that waits for the job keeps no turn from it."""
    with beside(homeserver, wait=1) as front:
        resets = Resets(homeserver, front, 1)
        wait_until(lambda: resets.asked() == 1)
        answer = front.ask("POST", f"/_dendrite/admin/evacuateRoom/{LOBBY}", "admin").json()
        assert answer["affected"] == [] and not any("/leave" in request.path for request in homeserver.requests)
        assert resets.end() == [200]
        wait_until(lambda: front.ask("GET", f"/_mxadmin/v1/jobs/{answer['job_id']}", "admin").json()["status"]
                   == "complete")


def invite_from_elsewhere(homeserver, localpart, room_id):
    """As another server has invited the user: nothing is known of the room but that."""
    with sqlite3.connect(homeserver.folder.databases[0]) as database:
        room = database.execute("INSERT INTO roomserver_rooms (room_id, room_version) VALUES (?, '10')",
                                [room_id]).lastrowid
        user = database.execute("INSERT INTO roomserver_event_state_keys (event_state_key) VALUES (?)",
                                [f"@{localpart}:example.org"]).lastrowid
        database.execute("INSERT INTO roomserver_membership (room_nid, target_nid, membership_nid, target_local)"
                         " VALUES (?, ?, 2, TRUE)", [room, user])
        database.execute("INSERT INTO roomserver_invites (invite_event_id, room_nid, target_nid, invite_event_json)"
                         " VALUES ('$invite', ?, ?, '{}')", [room, user])
    database.close()


def test_what_waits_for_another_server_keeps_no_turn(homeserver):
    """An invitation is rejected by asking the server that it has come from, which may take minutes to answer."""
    with beside(homeserver, wait=1) as front:
        assert front.ask("PUT", "/_synapse/admin/v2/users/@invited:example.org", "admin",
                         {"password": "some password"}).status == 201
        invite_from_elsewhere(homeserver, "invited", "!far:elsewhere.example")
        held = Fault("held", "/leave")
        homeserver.faults = [held]
        leaving = threading.Thread(target=front.ask, args=("POST", "/_dendrite/admin/evacuateUser/@invited:example.org",
                                                           "admin"))
        leaving.start()
        wait_until(lambda: any("/leave" in request.path for request in homeserver.requests))
        answer = front.ask("POST", "/_synapse/admin/v1/reset_password/@user05:example.org", "admin",
                           {"new_password": "some password"})
        held.release.set()
        leaving.join()
        assert answer.status == 200, answer


def test_the_turn_of_a_killed_worker(homeserver):
    with beside(homeserver) as front:
        resets = Resets(homeserver, front, 1)
        wait_until(lambda: resets.asked() == 1)
        kill_together(front.front.processes[0])
        front.front.processes[0] = front.front.spawn(front.front.commands()[0])
        assert front.front.answers()
        homeserver.faults = []
        assert front.ask("POST", "/_synapse/admin/v1/reset_password/@user05:example.org", "admin",
                         {"new_password": "some password"}).status == 200
        resets.end()
