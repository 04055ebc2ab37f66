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


class Dendrite(Homeserver):
    def __init__(self, folder):
        super().__init__(folder)
        self.process = None
        self.disconnect()

    def disconnect(self):
        """The fixture's pusher is on the Internet."""
        for path in self.folder.databases:
            with sqlite3.connect(path) as database:
                if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'userapi_pushers'").fetchone():
                    database.execute("DELETE FROM userapi_pushers")
            database.close()

    def start(self):
        # Another program may take a port between our look and Dendrite's; it wants two.
        for _ in range(5):
            with socket.socket() as first, socket.socket() as second:
                first.bind(("127.0.0.1", 0))
                second.bind(("127.0.0.1", 0))
                addresses = ["127.0.0.1:%d" % free.getsockname()[1] for free in (first, second)]
            with self.folder.log_file.open("ab") as log:
                self.process = subprocess.Popen(
                    [os.path.abspath(DENDRITE_BIN), "-config", self.folder.config_file.name, "-http-bind-address",
                     addresses[0], "-https-bind-address", addresses[1]],
                    cwd=self.folder.path, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.port = int(addresses[0].rpartition(":")[2])
            if self.answers():
                return self
        raise AssertionError("Dendrite did not start; log:\n" + self.folder.log())

    def answers(self):
        while self.process.poll() is None:
            try:
                return self.ask("GET", "/_matrix/client/versions").status == 200
            except OSError:
                time.sleep(0.05)
        return False

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
