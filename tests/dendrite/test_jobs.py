# SPDX-License-Identifier: ISC
"""What takes longer than a request beside a homeserver: who waits, what is told, and that it goes on."""
import collections
import json
import os
import random
import socket
import subprocess
import threading
import time

import fcgi
from attached import Beside
from pool import kill_together
from service import MXADMIN, Attached
from stand_in import Fault
from waiting import wait_until

LOBBY = "!VaNppTgZjfEEpSW9:example.org"
EVACUATE = f"/_dendrite/admin/evacuateRoom/{LOBBY}"
# How often it is killed; more by hand. Another seed makes other moments.
KILLS = int(os.environ.get("DENDRITE_KILLS", "5"))
SEED = int(os.environ.get("DENDRITE_SEED", "1"))


def homeserver_config(homeserver, **options):
    return {"homeserver": {"kind": "dendrite", "config": str(homeserver.folder.config_file), "url": homeserver.url,
                           **options}}


def job(beside, job_id):
    answer = beside.ask("GET", f"/_mxadmin/v1/jobs/{job_id}", "admin")
    assert answer.status == 200, answer
    return answer.json()


def members(beside):
    return beside.ask("POST", EVACUATE + "?dry_run=true", "admin").json()["affected"]


def leaves(beside):
    """How often each user has left the lobby."""
    rows = beside.folder.select("json_extract(CAST(headered_event_json AS TEXT), '$.state_key')"
                                " FROM syncapi_output_room_events WHERE room_id = ? AND type = 'm.room.member'"
                                " AND json_extract(CAST(headered_event_json AS TEXT), '$.content.membership') = 'leave'",
                                LOBBY)
    return collections.Counter(user for user, in rows)


def test_who_does_not_wait_is_told_the_job(make_homeserver, kind):
    homeserver = make_homeserver()
    with Beside(homeserver, homeserver_config(homeserver, wait=0)) as beside:
        before, left = members(beside), leaves(beside)
        answer = beside.ask("POST", EVACUATE, "admin").json()
        job_id = answer.pop("job_id")
        assert list(answer) == ["affected"] and answer["affected"] == before[:len(answer["affected"])]
        wait_until(lambda: job(beside, job_id)["status"] == "complete")
        found = job(beside, job_id)
        assert (found["kind"], found["target"], found["actor"]) == ("evacuate_room", LOBBY, "@admin:example.org")
        assert (found["done"], found["total"], found["error"]) == (len(before), len(before), None)
        assert found["result"] == {"affected": before}
        homeserver.settle()
        wait_until(lambda: leaves(beside) - left == collections.Counter(before))
        row = beside.ask("GET", "/_mxadmin/v1/audit", "admin").json()["audit"][0]
        assert (row["target"], row["parameters"]["job_id"], row["outcome"]) == (LOBBY, job_id, 200)
        assert beside.ask("POST", EVACUATE, "admin").json() == {"affected": []}


def test_two_who_ask_at_once_wait_for_one_job(make_homeserver, kind):
    homeserver = make_homeserver()
    with Beside(homeserver) as beside:
        before, answers = members(beside), []
        threads = [threading.Thread(target=lambda: answers.append(beside.ask("POST", EVACUATE, "admin").json()))
                   for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # The second may have come when all was over.
        assert {"affected": before} in answers
        assert all(answer in ({"affected": before}, {"affected": []}) for answer in answers)
        assert beside.ask("GET", "/_mxadmin/v1/jobs", "admin").json()["total"] == 1


def test_a_homeserver_that_is_down_is_waited_for(make_homeserver, kind):
    homeserver = make_homeserver()
    with Beside(homeserver) as beside:
        before, left = members(beside), leaves(beside)
        homeserver.stop()
        answer = beside.ask("POST", EVACUATE, "admin")
        assert (answer.status, answer.json()["errcode"]) == (503, "M_UNKNOWN")
        found, = beside.ask("GET", "/_mxadmin/v1/jobs", "admin").json()["jobs"]
        assert found["id"] in answer.json()["error"] and found["error"] in answer.json()["error"]
        assert found["status"] in ("scheduled", "active") and found["done"] == 0 and found["attempts"] > 0
        homeserver.start()
        wait_until(lambda: job(beside, found["id"])["status"] == "complete")
        assert job(beside, found["id"])["result"] == {"affected": before}
        assert job(beside, found["id"])["error"] is None
        wait_until(lambda: leaves(beside) - left == collections.Counter(before))


def test_a_job_is_ended(make_homeserver, kind):
    """What waits for the homeserver is given up when somebody says so."""
    homeserver = make_homeserver()
    with Beside(homeserver) as beside:
        before = members(beside)
        homeserver.stop()
        beside.ask("POST", EVACUATE, "admin")
        found, = beside.ask("GET", "/_mxadmin/v1/jobs", "admin").json()["jobs"]
        assert beside.ask("DELETE", "/_mxadmin/v1/jobs/" + found["id"], "admin").status == 200
        wait_until(lambda: job(beside, found["id"])["status"] == "cancelled")
        homeserver.start()
        assert members(beside) == before


def test_killed_at_random_moments(make_homeserver, kind):
    """The whole of mxadmin; it goes on with what it was about, and everybody leaves once."""
    homeserver, chance = make_homeserver(), random.Random(SEED)
    if kind == "stand-in":
        homeserver.faults = [Fault("slow", "/leave", "POST", seconds=0.02)]  # as long as the real one takes
    with Beside(homeserver, homeserver_config(homeserver, wait=0)) as beside:
        before, left = members(beside), leaves(beside)
        job_id = beside.ask("POST", EVACUATE, "admin").json()["job_id"]
        for _ in range(KILLS):
            time.sleep(chance.uniform(0, 0.1))
            kill_together(beside.front.processes[0])
            beside.front.processes[0] = beside.front.spawn(beside.front.commands()[0])
            assert beside.front.answers()
        wait_until(lambda: job(beside, job_id)["status"] == "complete")
        assert job(beside, job_id)["result"] == {"affected": before}
        homeserver.settle()
        wait_until(lambda: leaves(beside) - left == collections.Counter(before))


class Alone:
    """A worker as mod_fcgid starts it, without a supervisor and so without a job runner."""

    def __init__(self, homeserver, config=None, **options):
        self.service = Attached(homeserver, {**homeserver_config(homeserver, **options), **(config or {})})
        self.service.command("init")
        self.address = os.path.join(self.service.folder, "worker")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.address)
        self.listener.listen()

    def start(self, *words, **options):
        environment = {**os.environ, "MXADMIN_CONFIG": self.service.config_file}
        return subprocess.Popen([MXADMIN, *words], env=environment, **options)

    def __enter__(self):
        self.worker = self.start(stdin=self.listener)
        return self

    def __exit__(self, *_):
        self.worker.terminate()
        self.worker.wait()
        self.listener.close()
        self.service.close()

    def ask(self, method, path):
        return fcgi.ask(self.address, path, method, self.service.tokens["admin"])[2]

    def jobs(self):
        return json.loads(self.service.command("jobs", "list", "--json"))


def test_without_a_runner_the_request_does_it(make_homeserver, kind):
    with Alone(make_homeserver()) as alone:
        before = alone.ask("POST", EVACUATE + "?dry_run=true")["affected"]
        assert alone.ask("POST", EVACUATE) == {"affected": before}
        found, = alone.jobs()
        assert (found["status"], found["done"]) == ("complete", len(before))


def test_what_a_request_leaves_is_done_by_mxadmin_work(make_homeserver, kind):
    with Alone(make_homeserver(), wait=0) as alone:
        before = alone.ask("POST", EVACUATE + "?dry_run=true")["affected"]
        answer = alone.ask("POST", EVACUATE)
        assert answer == {"affected": [], "job_id": alone.jobs()[0]["id"]}
        assert ["warning" in line for line in alone.service.command("check").splitlines() if " jobs:" in line] == [True]
        work = alone.start("work", stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: alone.jobs()[0]["status"] == "complete")
        finally:
            work.terminate()
        assert work.wait(60) == 0
        assert json.loads(alone.service.command("jobs", "show", answer["job_id"], "--json"))["result"] == {"affected": before}


def test_a_cgi_request_does_it(make_homeserver, kind):
    """The time in which a request has to arrive is over long before."""
    homeserver = make_homeserver()
    with Alone(homeserver, {"request_timeout": 1, "stop_timeout": 1}) as alone:
        before = alone.ask("POST", EVACUATE + "?dry_run=true")["affected"]
        if kind == "stand-in":
            homeserver.faults = [Fault("slow", "/leave", "POST", seconds=0.1)]
        environment = {"MXADMIN_CONFIG": alone.service.config_file, "GATEWAY_INTERFACE": "CGI/1.1",
                       "REQUEST_METHOD": "POST", "REQUEST_URI": EVACUATE, "SERVER_PROTOCOL": "HTTP/1.1",
                       "REMOTE_ADDR": "127.0.0.1", "HTTP_AUTHORIZATION": "Bearer " + alone.service.tokens["admin"]}
        result = subprocess.run([MXADMIN], env=environment, input=b"", stdout=subprocess.PIPE, check=True)
        assert json.loads(result.stdout.partition(b"\r\n\r\n")[2]) == {"affected": before}
