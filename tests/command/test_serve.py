# SPDX-License-Identifier: ISC
"""mxadmin serve and work as the systemd units start them: readiness, reload and stop are told, the socket may be passed."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import pytest

from conftest import MXADMIN, Homeserver, environment


class Service:
    """`mxadmin serve`, or another command, and the socket on which systemd would listen to what it tells."""

    def __init__(self, homeserver, passed=None, command="serve"):
        self.homeserver = homeserver
        path = homeserver.folder / "notify"
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.told.bind(str(path))
        path.chmod(0o666)  # as systemd's is
        self.told.settimeout(60)
        script = 'exec "$0" "$@"' if passed is None else 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" "$@"'
        self.log = open(homeserver.folder / "log", "wb")
        self.process = subprocess.Popen(["/bin/sh", "-c", script, MXADMIN, "-c", str(homeserver.config), command],
                                        env=environment(NOTIFY_SOCKET=str(path)), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log,
                                        preexec_fn=passed and (lambda: os.dup2(passed.fileno(), 3)),
                                        pass_fds=(3,) if passed else ())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.told.close()
        self.log.close()

    def tells(self, state):
        while state not in self.told.recv(4096).decode().split("\n"):
            pass

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.tells("STOPPING=1")
        return self.process.wait(timeout=60)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_ready_reload_stop(homeserver):
    with Service(homeserver) as service:
        service.tells("READY=1")
        wait_for(lambda: "a job runner is there" in homeserver.must("check"))
        assert "a service answers" in homeserver.must("check")
        homeserver.create("alice")
        service.process.send_signal(signal.SIGHUP)
        service.tells("RELOADING=1")
        service.tells("READY=1")
        assert "a service answers" in homeserver.must("check")
        assert service.stop() == 0
    assert "nobody serves on it now" in homeserver.must("check")


def test_job_runner(homeserver):
    """What is wrong with the configuration is said, and the old one kept."""
    with Service(homeserver, command="work") as service:
        service.tells("READY=1")
        for options in ({}, {"server_name": None}, {"database": "absent.db"}):
            homeserver.configure(**options)
            service.process.send_signal(signal.SIGHUP)
            service.tells("RELOADING=1")
            service.tells("READY=1")
        assert service.stop() == 0
    log = (homeserver.folder / "log").read_text()
    assert log.count("running jobs") == 4 and log.count("is not usable") == 2
    assert (homeserver.folder / "mxadmin.db.jobs").exists()


@pytest.fixture
def open_folder():
    """One that every user can come to."""
    with tempfile.TemporaryDirectory(prefix="mxadmin-") as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_becomes_another_user(open_folder):
    """Nothing that is made while root still serves may be in the way of the user who serves from then on."""
    shutil.chown(open_folder, "nobody")
    homeserver = Homeserver(open_folder)
    homeserver.configure(user="nobody", listen_owner="nobody")
    homeserver.must("init")
    with Service(homeserver) as service:
        service.tells("READY=1")
        wait_for(lambda: "a service answers" in homeserver.must("check"))
        assert service.stop() == 0
    owners = {path.name: path.owner() for path in open_folder.iterdir()}
    assert {owners["mxadmin.db"], owners["mxadmin.db.gate"], owners["mxadmin.db.jobs"]} == {"nobody"}
    assert "warning" not in (open_folder / "log").read_text()
    shutil.chown(open_folder / "mxadmin.db.gate", "root")
    assert "mxadmin.db.gate: Permission denied" in homeserver.run("check").stdout.decode()


def test_outlives_the_reader_of_its_log(homeserver):
    with subprocess.Popen([MXADMIN, "-c", str(homeserver.config), "serve"], env=environment(),
                          stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert b"serving on" in process.stderr.readline()
        process.stderr.close()
        process.terminate()
        assert process.wait(timeout=60) == 0
    assert not (homeserver.folder / "mxadmin.sock").exists()


def test_second_service_is_refused(homeserver):
    with Service(homeserver) as service:
        service.tells("READY=1")
        second = homeserver.run("serve")
        assert second.returncode == 1
        assert "another process serves" in second.stderr.decode()
        assert "a service answers" in homeserver.must("check")
        assert service.stop() == 0


def test_socket_from_systemd(homeserver):
    homeserver.configure(listen="systemd")
    path = str(homeserver.folder / "passed.sock")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        with Service(homeserver, passed=listening) as service:
            service.tells("READY=1")
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(path)
            assert service.stop() == 0
    assert os.path.exists(path), "the socket is systemd's to remove"


@pytest.mark.parametrize("variables", [{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}])
def test_no_socket_from_systemd(homeserver, variables):
    homeserver.configure(listen="systemd")
    result = homeserver.run("serve", env=environment(**variables))
    assert result.returncode == 1
    assert "no socket was passed" in result.stderr.decode()


def test_nothing_starts_before_init(empty):
    result = empty.run("serve")
    assert result.returncode == 1
    assert "mxadmin init" in result.stderr.decode()
