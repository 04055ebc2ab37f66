# SPDX-License-Identifier: ISC
"""`make run` as an operator uses it: start, paste what it prints, end it, start it again."""
import os
import re
import signal
import stat
import subprocess

import pytest

from client import Client
from make_run import Run, paste
from service import ROOT


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
