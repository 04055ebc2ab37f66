# SPDX-License-Identifier: ISC
"""A real Dendrite, which somebody has built elsewhere."""
import os
import re
import signal
import socket
import sqlite3
import subprocess
import time

from homeserver import Homeserver
from shared import DENDRITE_BIN

# What it writes into its log where it was hurt.
HURT = re.compile(r"database is locked|database table is locked|panic|goroutine \d+ \[|SQLITE_BUSY", re.IGNORECASE)
ERROR = re.compile(r"level=(error|fatal)|\bpanic\b")
SETTLE_SECONDS = 30
JOINS = "SELECT event_id FROM roomserver_membership JOIN roomserver_events USING (event_nid) WHERE membership_nid = 3"
HEARD = "SELECT event_id FROM federationsender_joined_hosts"
UNHEARD = f"COUNT(*) FROM (SELECT * FROM ({JOINS} EXCEPT {HEARD}) UNION ALL SELECT * FROM ({HEARD} EXCEPT {JOINS}))"


class Dendrite(Homeserver):
    def __init__(self, folder):
        super().__init__(folder)
        self.process = self.addresses = None
        self.disconnect()

    def disconnect(self):
        """The fixture's pusher is on the Internet."""
        for path in self.folder.databases:
            with sqlite3.connect(path) as database:
                if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'userapi_pushers'").fetchone():
                    database.execute("DELETE FROM userapi_pushers")
            database.close()

    def start(self):
        """Also again, after stop() or kill(), at the same port."""
        # Another program may take a port between our look and Dendrite's.
        for _ in range(5):
            self.addresses = self.addresses or self.free_addresses()
            with self.folder.log_file.open("ab") as log:
                self.process = subprocess.Popen(
                    [os.path.abspath(DENDRITE_BIN), "-config", self.folder.config_file.name, "-http-bind-address",
                     self.addresses[0], "-https-bind-address", self.addresses[1]],
                    cwd=self.folder.path, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.port = int(self.addresses[0].rpartition(":")[2])
            if self.answers():
                return self
            self.addresses = None
        raise AssertionError("Dendrite did not start; log:\n" + self.folder.log())

    @staticmethod
    def free_addresses():
        """It wants two."""
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            second.bind(("127.0.0.1", 0))
            return ["127.0.0.1:%d" % free.getsockname()[1] for free in (first, second)]

    def answers(self):
        while self.process.poll() is None:
            try:
                return self.ask("GET", "/_matrix/client/versions").status == 200
            except OSError:
                time.sleep(0.05)
        return False

    def settle(self):
        """It panics when its part for other servers hears of an event whose room has been purged meanwhile; that part
        notes the joins that there are."""
        end = time.monotonic() + SETTLE_SECONDS
        while self.folder.select(UNHEARD) != [(0,)]:
            assert time.monotonic() < end, "Dendrite does not settle"
            time.sleep(0.02)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.kill()

    def hurt(self):
        """The lines of its log that say that it met a lock, or fell."""
        return [line for line in self.folder.log().splitlines() if HURT.search(line)]

    def errors(self):
        return [line for line in self.folder.log().splitlines() if ERROR.search(line)]

    def close(self):
        self.stop()
        self.folder.close()
