# SPDX-License-Identifier: ISC
"""`make run` in a test, and what it prints as an operator uses it."""
import json
import os
import re
import signal
import subprocess
import time

from fronts import free_port
from service import MXADMIN, ROOT


class Run:
    """`variables` are those of `make run`, beside DIR and PORT."""

    def __init__(self, folder, port=None, **variables):
        self.folder = str(folder)
        self.port = port or free_port()
        self.log = self.folder + ".log"
        environment = {**os.environ, "DIR": self.folder, "PORT": str(self.port), "DEPS": "no",
                       "BUILD": os.path.dirname(MXADMIN), **variables}
        # As make would, but for the build: that is of the program under test already.
        environment["MAKE"] = "true"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["nginx/run"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)

    def output(self):
        with open(self.log) as file:
            return file.read()

    def ready(self):
        end = time.monotonic() + 60
        while "Ctrl-C ends it" not in self.output():
            assert self.process.poll() is None, self.output()
            assert time.monotonic() < end, self.output()
            time.sleep(0.05)
        return self

    def children(self):
        """Process ids by name."""
        listing = subprocess.run(["ps", "--no-headers", "-o", "pid=,comm=", "--ppid", str(self.process.pid)],
                                 stdout=subprocess.PIPE, text=True).stdout
        return {line.split()[1]: int(line.split()[0]) for line in listing.splitlines()}

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


def paste(text, folder="/"):
    """Runs the indented lines of the text, as a shell would that they are pasted into; the answers of curl."""
    lines = re.findall("^    (.*)", text, re.M)
    script = "\n".join(line + "; echo" if line.startswith("curl") else line for line in lines)
    result = subprocess.run(["sh", "-eu", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, result.stdout
    return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]
