# SPDX-License-Identifier: ISC
"""The password prompt, on a real terminal."""
import os
import pty
import select
import signal
import termios
import time

import pytest

from conftest import MXADMIN, environment

PASSWORD = "a password that is typed"


class Terminal:
    """`mxadmin account create alice` with a terminal of its own, as its controlling one."""

    def __init__(self, homeserver):
        self.seen = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(MXADMIN, [MXADMIN, "-c", str(homeserver.config), "account", "create", "alice"], environment())

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            chunk = os.read(self.fd, 4096)
        except OSError:  # the other side has been closed
            chunk = b""
        self.seen += chunk
        return bool(chunk)

    def until(self, text, count=1):
        while self.seen.count(text) < count:
            assert self.read(60), f"{text} was not seen in {self.seen}"

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def until_mute(self):
        deadline = time.monotonic() + 60
        while self.echoes():
            assert time.monotonic() < deadline, "the terminal still echoes"
            time.sleep(0.001)

    def type(self, text):
        self.until_mute()
        os.write(self.fd, text)

    def end(self):
        while self.read(60):
            pass
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return status


@pytest.fixture
def terminal(homeserver):
    return Terminal(homeserver)


def answer(terminal, first, second=None):
    terminal.until(b"New password of alice: ")
    terminal.type(first + b"\n")
    if second is not None:
        terminal.until(b"Once more the password of alice: ")
        terminal.type(second + b"\n")


def test_twice_and_mute(homeserver, terminal):
    answer(terminal, PASSWORD.encode(), PASSWORD.encode())
    assert os.waitstatus_to_exitcode(terminal.end()) == 0
    assert PASSWORD.encode() not in terminal.seen
    assert b"@alice:example.org" in terminal.seen
    assert homeserver.account("alice")


@pytest.mark.parametrize("first, second, said", [
    (b"a first password", b"a second password", b"the two passwords differ"),
    (b"a first password", b"\x04", b"the two passwords differ"),
    (b"short", None, b"fewer than 8 characters"),
    (b"\x04", None, b"no password was given"),
])
def test_refused(homeserver, terminal, first, second, said):
    answer(terminal, first, second)
    assert os.waitstatus_to_exitcode(terminal.end()) == 1
    assert said in terminal.seen
    assert homeserver.account("alice") is None


@pytest.mark.parametrize("key, number", [(b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)])
def test_interrupt_gives_the_echo_back(homeserver, terminal, key, number):
    terminal.until(b"New password of alice: ")
    terminal.type(b"half a pass" + key)
    assert os.WTERMSIG(os.waitpid(terminal.pid, 0)[1]) == number
    assert terminal.echoes()
    os.close(terminal.fd)
    assert homeserver.account("alice") is None


def test_asks_again_after_a_stop(homeserver, terminal):
    terminal.until(b"New password of alice: ")
    terminal.until_mute()
    os.kill(terminal.pid, signal.SIGTSTP)
    terminal.until(b"New password of alice: ", 2)
    answer(terminal, PASSWORD.encode(), PASSWORD.encode())
    assert os.waitstatus_to_exitcode(terminal.end()) == 0
    assert homeserver.account("alice")
