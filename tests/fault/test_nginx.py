# SPDX-License-Identifier: ISC
"""What a client behind nginx sees while workers are killed, replaced and stopped."""
import collections
import http.client
import os
import signal
import threading
import time

import pytest

import fcgi
from fronts import FRONTS
from pool import workers_of
from service import Service

WHOIS = "/_matrix/client/v3/admin/whois/@user:example.org"
# How long workers are killed for; longer by hand.
SECONDS = float(os.environ.get("FAULT_SECONDS", "5"))


@pytest.fixture
def front():
    service = Service(config={"workers": 4})
    front = FRONTS["nginx"](service).start()
    yield front
    front.stop()
    service.close()


class Load:
    """Clients that ask without pause, each on one connection to nginx; counts statuses, and what was not HTTP."""

    def __init__(self, front, clients):
        self.front = front
        self.seen = collections.Counter()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.client) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def client(self):
        token = {"Authorization": "Bearer " + self.front.service.tokens["admin"]}
        connection = http.client.HTTPConnection("127.0.0.1", self.front.port, timeout=60)
        seen = collections.Counter()
        while not self.stopping.is_set():
            try:
                connection.request("GET", WHOIS, headers=token)
                answer = connection.getresponse()
                answer.read()
                seen[answer.status] += 1
            except (OSError, http.client.HTTPException) as error:
                seen[type(error).__name__] += 1
                connection.close()
        connection.close()
        self.seen.update(seen)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        return self.seen


def test_killed_workers_cost_a_502_at_most(front):
    """With 200 connections kept open against 4 workers, one of which is killed every 100 ms."""
    supervisor = front.processes[0].pid
    kept = [fcgi.Connection(front.socket) for _ in range(200)]
    for connection in kept:
        assert connection.ask(WHOIS, token=front.service.tokens["admin"])[0] == 200
    load = Load(front, 8)
    kills = 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        running = workers_of(supervisor, front.service.database)
        if running:
            os.kill(running[kills % len(running)], signal.SIGKILL)
            kills += 1
        time.sleep(0.1)
    seen = load.stop()
    print("%d kills: %s" % (kills, dict(seen)))
    assert set(seen) <= {200, 502}, seen
    assert seen[502] <= 2 * kills, seen
    assert seen[200] > seen[502]
    assert front.client.ask("GET", "/_mxadmin/health").status == 200


def test_reloads_cost_nothing(front):
    supervisor = front.processes[0].pid
    load = Load(front, 8)
    for _ in range(5):
        before = set(workers_of(supervisor, front.service.database))
        front.processes[0].send_signal(signal.SIGHUP)
        while before & set(workers_of(supervisor, front.service.database)):
            time.sleep(0.01)
    assert set(load.stop()) == {200}


def test_stop_answers_what_nginx_has_sent(front):
    """Every answer until the end is whole and good; afterwards nginx says 502 in our form."""
    load = Load(front, 8)
    time.sleep(0.5)
    front.processes[0].send_signal(signal.SIGTERM)
    assert front.processes[0].wait(60) == 0
    seen = load.stop()
    assert set(seen) <= {200, 502}, seen
    answer = front.client.ask("GET", WHOIS)
    assert answer.status == 502 and answer.json()["errcode"]
