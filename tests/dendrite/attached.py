# SPDX-License-Identifier: ISC
"""mxadmin beside a homeserver, behind nginx."""
import json
import os
import re
import signal

from shared import ROOT  # noqa: F401, and with it the folders of what is shared with other tests

from fronts import HomeserverNginx, Nginx
from service import Attached


# What can come to a file by its name; `-D` leaves the processes as they are without it.
STRACE = ["strace", "-D", "-f", "-qq", "-e", "trace=/^(open|creat|unlink|rename|link|truncate|symlink|mknod)"]
CALL = re.compile(r"\b(\w+)\((.*)$")
READING = {"O_RDONLY", "O_CLOEXEC", "O_NOFOLLOW", "O_LARGEFILE", "O_DIRECTORY", "O_NONBLOCK", "O_PATH"}


class TracedNginx(Nginx):
    """Has every call of mxadmin's that opens a file or changes its name in `trace`, when it has stopped."""

    def commands(self):
        serve, *others = super().commands()
        return [[*STRACE, "-o", os.path.join(self.folder, "trace"), *serve], *others]

    def stop(self):
        super().stop()
        with open(os.path.join(self.folder, "trace")) as file:
            self.trace = file.read().splitlines()

    def calls(self, folder):
        """Those to files in the folder, and of them those that could have changed one."""
        calls = [line for line in self.trace if f'"{folder}/' in line]
        return calls, [call for call in calls if not is_reading(call)]


def is_reading(call):
    name, arguments = CALL.search(call).groups()
    flags = re.search(r'", ([A-Z_|]+)', arguments)
    return name in ("open", "openat") and flags is not None and set(flags[1].split("|")) <= READING


class Beside:
    """`homeserver` runs. With `whole`, the same nginx has the rest of its paths; with `account`, mxadmin has an account
    of its own there. `ask` is as the homeserver's own."""

    def __init__(self, homeserver, config=None, whole=False, traced=False, account=False):
        self.homeserver, self.account = homeserver, account
        self.service = Attached(homeserver, config)
        if whole:
            self.front = HomeserverNginx(self.service, homeserver.port)
        else:
            self.front = (TracedNginx if traced else Nginx)(self.service)

    def __enter__(self):
        if self.account:
            self.service.command("attach")
        self.front.start()
        self.port, self.client = self.front.port, self.front.client
        return self

    def __exit__(self, *_):
        self.front.stop()
        self.service.close()

    @property
    def folder(self):
        return self.homeserver.folder

    def ask(self, method, path, caller=None, body=None):
        headers = {"User-Agent": "tests"}
        if caller is not None:
            headers["Authorization"] = "Bearer " + self.service.tokens.get(caller, caller)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        return self.client.ask(method, path, headers, body)

    def settle(self):
        """mxadmin itself waits for what Dendrite's parts have yet to hear of."""

    def sign_in(self, localpart):
        return self.homeserver.sign_in(localpart)

    def processes(self):
        """The ids of mxadmin's processes: the supervisor and its children."""
        supervisor = self.front.processes[0].pid
        with open(f"/proc/{supervisor}/task/{supervisor}/children") as file:
            return [supervisor, *map(int, file.read().split())]

    def kill(self):
        """Its workers and its jobs; the supervisor makes others."""
        for process in self.processes()[1:]:
            os.kill(process, signal.SIGKILL)

    def opened(self):
        """{path: access mode} of the homeserver's files that mxadmin has open now."""
        found = {}
        for process in self.processes():
            for number in os.listdir(f"/proc/{process}/fd"):
                try:
                    path = os.readlink(f"/proc/{process}/fd/{number}")
                    with open(f"/proc/{process}/fdinfo/{number}") as file:
                        flags = int(next(line.split()[1] for line in file if line.startswith("flags:")), 8)
                except FileNotFoundError:
                    continue  # closed meanwhile
                if path.startswith(str(self.folder.path) + "/"):
                    found[path] = max(found.get(path, 0), flags & os.O_ACCMODE)
        return found
