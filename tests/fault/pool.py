# SPDX-License-Identifier: ISC
"""A pool of its own for each test: a fresh folder, `mxadmin serve`, and the tokens of an admin and a user."""
import os
import signal
import subprocess
import tempfile
import time

import fcgi

MXADMIN = os.path.abspath(os.environ.get("MXADMIN", "build/mxadmin"))
PASSWORD = "a long enough password"


class Pool:
    def __init__(self, folder, workers=4, **options):
        self.folder = str(folder)
        self.config_file = os.path.join(self.folder, "mxadmin.yaml")
        self.database = os.path.join(self.folder, "mxadmin.db")
        # A socket's path is short; pytest's folders are not.
        self.sockets = tempfile.TemporaryDirectory(prefix="mxadmin-")
        self.address = os.path.join(self.sockets.name, "pool.sock")
        self.log_file = os.path.join(self.folder, "log")
        self.process = None
        self.options = {"server_name": "example.org", "database": "mxadmin.db", "signing_key": "matrix_key.pem",
                        "listen": "unix:" + self.address, "workers": workers,
                        "registration_shared_secret": "fixture-secret",
                        "rate_limit": "{per_account: 0, per_address: 0}"}
        self.configure(**options)
        self.command("init")
        self.command("account", "create", "admin", "--admin", stdin=PASSWORD + "\n")
        self.command("account", "create", "user", stdin=PASSWORD + "\n")
        self.admin = self.command("account", "token", "admin").strip()
        self.user = self.command("account", "token", "user").strip()

    def configure(self, **options):
        self.options.update(options)
        with open(self.config_file, "w") as file:
            os.chmod(self.config_file, 0o600)
            for key, value in self.options.items():
                file.write("%s: %s\n" % (key, value))

    def command(self, *words, stdin=""):
        return subprocess.run([MXADMIN, "-c", self.config_file, *words], input=stdin, text=True, check=True,
                              stdout=subprocess.PIPE).stdout

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([MXADMIN, "-c", self.config_file, "serve"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        self.wait_until(lambda: os.path.exists(self.address) and self.health() == 200 and
                        len(self.workers()) == self.options["workers"])
        return self

    def health(self):
        try:
            return fcgi.ask(self.address, "/_mxadmin/health")[0]
        except OSError:
            return 0

    def wait_until(self, condition, seconds=30):
        """For what will come about, however slow the machine is; the limit only ends a test that has failed."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "did not come about within %d s; log:\n%s" % (seconds, self.log())
            assert not self.process or self.process.poll() is None, "the pool ended; log:\n" + self.log()
            time.sleep(0.01)

    def workers(self):
        path = "/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)
        with open(path) as file:
            return [int(pid) for pid in file.read().split()]

    def signal(self, number):
        self.process.send_signal(number)

    def log(self):
        with open(self.log_file, errors="replace") as file:
            return file.read()

    def stop(self):
        """Ends the pool if it runs; returns its exit status."""
        if not self.process:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.process = None
        return status

    def close(self):
        self.stop()
        self.sockets.cleanup()
