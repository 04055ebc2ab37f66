# SPDX-License-Identifier: ISC
"""`mxadmin serve` by itself, without a web server: a service of its own for each test."""
import fcntl
import os
import signal
import struct
import subprocess
import tempfile
import time

import yaml

import fcgi
from service import ACCOUNTS, MXADMIN, Service

PASSWORD = ACCOUNTS["user"]["password"]


RUNNERS = range(1, 65)  # the bytes of the lock file that job runners hold
FLOCK = "hhqqi4x"  # struct flock


def children(supervisor):
    with open("/proc/%d/task/%d/children" % (supervisor, supervisor)) as file:
        return [int(pid) for pid in file.read().split()]


def runners_on(database):
    """The processes of the job runners, whosever they are."""
    found = []
    try:
        with open("%s.jobs" % database, "rb") as file:
            for byte in RUNNERS:
                lock = struct.pack(FLOCK, fcntl.F_RDLCK, os.SEEK_SET, byte, 1, 0)
                kind, _, _, _, pid = struct.unpack(FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, lock))
                found += [pid] if kind != fcntl.F_UNLCK else []
    except FileNotFoundError:
        pass
    return found


def state(pid):
    """As ps(1) has it: T is stopped; Z when it has ended, also when nothing is left of it."""
    try:
        with open("/proc/%d/stat" % pid) as file:
            return file.read().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def kill_together(supervisor):
    """The process of the supervisor and all its children, so that none of them sees another one end before."""
    supervisor.send_signal(signal.SIGSTOP)
    while state(supervisor.pid) not in "TZ":
        time.sleep(0.001)
    killed = children(supervisor.pid)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    while any(state(pid) != "Z" for pid in killed):
        time.sleep(0.001)
    supervisor.kill()
    supervisor.wait()


def workers_of(supervisor, database):
    runners = runners_on(database)
    return [pid for pid in children(supervisor) if pid not in runners]


class Pool:
    def __init__(self, workers=4, **options):
        """`options` are the configuration's."""
        self.service = Service()
        self.config_file = self.service.config_file
        self.database = self.service.database
        # A socket's path is short; the folders of tests need not be.
        self.sockets = tempfile.TemporaryDirectory(prefix="mxadmin-")
        self.address = os.path.join(self.sockets.name, "pool.sock")
        self.log_file = os.path.join(self.service.folder, "log")
        self.process = None
        self.options = {**self.service.config, "listen": "unix:" + self.address}
        self.configure(workers=workers, **options)
        self.admin = self.service.tokens["admin"]
        self.user = self.service.tokens["user"]

    def configure(self, **options):
        self.options.update(options)
        with open(self.config_file, "w") as file:
            yaml.safe_dump(self.options, file)

    def command(self, *words):
        return subprocess.run([MXADMIN, "-c", self.config_file, *words], stdin=subprocess.DEVNULL, text=True,
                              check=True, stdout=subprocess.PIPE).stdout

    def spawn(self, command=None, **options):
        """Starts the pool, or `command` in its place, and does not wait for it."""
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command or [MXADMIN, "-c", self.config_file, "serve"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **options)

    def start(self, command=None):
        self.spawn(command)
        self.wait_until(lambda: self.health() == 200 and len(self.workers()) == self.options["workers"]
                        and len(self.runners()) == 1)
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
        return workers_of(self.process.pid, self.database)

    def runners(self):
        runners = runners_on(self.database)
        return [pid for pid in children(self.process.pid) if pid in runners]

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
        self.service.close()
