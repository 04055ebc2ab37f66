# SPDX-License-Identifier: ISC
"""`make run` as an operator uses it: start, paste what it prints, end it, start it again."""
import json
import os
import re
import signal
import stat
import subprocess
import time

import pytest

from client import Client
from fronts import free_port
from service import MXADMIN, ROOT


class Run:
    def __init__(self, folder, port=None):
        self.folder = str(folder)
        self.port = port or free_port()
        self.log = self.folder + ".log"
        environment = {**os.environ, "DIR": self.folder, "PORT": str(self.port), "DEPS": "no",
                       "BUILD": os.path.dirname(MXADMIN)}
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


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = Run(tmp_path_factory.mktemp("run") / "data").ready()
    yield run
    run.stop()


def read(run, name):
    with open(os.path.join(run.folder, name)) as file:
        return file.read()


def test_what_is_in_the_folder(run):
    for name in ("mxadmin.yaml", "mxadmin.db", "matrix_key.pem", "admin-token", "admin-password"):
        assert stat.S_IMODE(os.stat(os.path.join(run.folder, name)).st_mode) == 0o600, name
    assert os.path.exists(os.path.join(run.folder, "nginx.conf"))
    assert read(run, "admin-token").count("\n") == 1


def paste(text, folder="/"):
    """Runs the indented lines of the text, as a shell would that they are pasted into; the answers of curl."""
    lines = re.findall("^    (.*)", text, re.M)
    script = "\n".join(line + "; echo" if line.startswith("curl") else line for line in lines)
    result = subprocess.run(["sh", "-eu", "-c", script], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    assert result.returncode == 0, result.stdout
    return [json.loads(line) for line in result.stdout.splitlines() if line.strip()]


def test_the_printed_lines_work_when_pasted(run):
    health, whois, sign_in, register, reset, foreseen, left_room, left_all, notice = paste(run.output())
    assert "errcode" not in health
    assert whois["user_id"] == "@admin:localhost"
    assert sign_in["user_id"] == "@admin:localhost" and sign_in["access_token"]
    assert register["user_id"] == "@alice:localhost" and register["access_token"]
    assert reset == {"password_updated": True}
    assert len(left_room["affected"]) == 12
    assert foreseen == {**left_room, "dry_run": True}
    assert all(room.startswith("!") for room in left_all["affected"])
    assert notice["event_id"].startswith("$")


def test_the_lines_of_the_readme_work_when_pasted(run, tmp_path):
    with open(os.path.join(ROOT, "README.md")) as file:
        section = re.search("^    URL=.*?^## ", file.read(), re.M | re.S).group(0)
    os.symlink(run.folder, tmp_path / "run")
    health, sign_in, whois, available = paste(section.replace("127.0.0.1:8480", "127.0.0.1:%d" % run.port), tmp_path)
    assert "errcode" not in health
    assert sign_in["user_id"] == whois["user_id"] == "@admin:localhost"
    assert available == {"available": True}


def test_a_second_one_on_the_same_folder_is_refused(run):
    second = Run(run.folder, run.port)
    assert second.process.wait(60) != 0
    assert "running already" in second.output()


def test_a_taken_port(run, tmp_path):
    second = Run(tmp_path / "data", run.port)
    assert second.process.wait(60) != 0
    assert "another program listens" in second.output()


def test_a_second_run_keeps_the_data(tmp_path):
    first = Run(tmp_path / "data").ready()
    kept = {name: read(first, name) for name in ("mxadmin.yaml", "matrix_key.pem", "admin-token", "admin-password")}
    assert first.stop() == 143
    second = Run(tmp_path / "data").ready()
    assert {name: read(second, name) for name in kept} == kept
    second.stop()


def test_a_token_that_was_signed_out_is_replaced(tmp_path):
    first = Run(tmp_path / "data").ready()
    token = read(first, "admin-token")
    subprocess.run(["curl", "-sf", "-X", "POST", "-H", "Authorization: Bearer " + token.strip(),
                    "http://127.0.0.1:%d/_matrix/client/v3/logout" % first.port], check=True, stdout=subprocess.DEVNULL)
    first.stop()
    second = Run(tmp_path / "data").ready()
    assert read(second, "admin-token") != token
    second.stop()


@pytest.mark.parametrize("name", ["mxadmin", "nginx"])
def test_it_ends_when_one_of_the_two_dies(tmp_path, name):
    run = Run(tmp_path / "data").ready()
    children = run.children()
    os.kill(children[name], signal.SIGKILL)
    assert run.process.wait(60) == 1
    assert "make run: %s ended with status" % name in run.output()
    for other in children.values():
        assert not os.path.exists("/proc/%d" % other)
    with pytest.raises(ConnectionRefusedError):  # nor do nginx's workers go on
        Client(run.port).ask("GET", "/_mxadmin/health")


def test_a_long_path(tmp_path):
    run = Run(tmp_path / ("long" * 30)).ready()
    assert "too long for a socket" in run.output()
    sockets = re.search("the socket is in (\\S+)\\.$", run.output(), re.M).group(1)
    assert os.path.isdir(sockets)
    run.stop()
    assert not os.path.exists(sockets)
