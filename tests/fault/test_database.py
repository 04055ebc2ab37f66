# SPDX-License-Identifier: ISC
"""The database cannot be written, or not be reached: what is said, and what is left as it was."""
import os
import shutil
import sqlite3
import subprocess

import pytest

import fcgi
from pool import PASSWORD, Pool

WHOIS = "/_matrix/client/v3/admin/whois/%40user:example.org"
RESET = "/_dendrite/admin/resetPassword/user"
LOGIN = "/_matrix/client/v3/login"
SIGN_IN = {"type": "m.login.password", "user": "user", "password": PASSWORD}


def reset(pool, password="another long password"):
    return fcgi.ask(pool.address, RESET, "POST", pool.admin, {"password": password, "logout_devices": True})


def sign_in(pool, password=PASSWORD):
    return fcgi.ask(pool.address, LOGIN, "POST", body={**SIGN_IN, "password": password})[0]


def test_locked_by_another_writer(pool):
    """Reads go on; a write waits for ten seconds, says when to come back, and changes nothing."""
    before = pool.service.dump()
    writer = sqlite3.connect(pool.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    connection = fcgi.Connection(pool.address)
    connection.send(fcgi.request(RESET, "POST", pool.admin, {"password": "another long password"}))
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
    status, headers, body = connection.answer()
    assert (status, body["errcode"]) == (503, "M_UNKNOWN")
    assert int(headers["Retry-After"]) > 0
    writer.execute("ROLLBACK")
    writer.close()
    assert pool.service.dump() == before
    assert reset(pool)[0] == 200


def test_locked_for_a_while(pool):
    """A lock that goes away in time costs nobody anything but the time."""
    writer = sqlite3.connect(pool.database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    connection = fcgi.Connection(pool.address)
    connection.send(fcgi.request(RESET, "POST", pool.admin, {"password": "another long password"}))
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
    writer.execute("COMMIT")
    writer.close()
    assert connection.answer()[0] == 200


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes; only root can have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], stderr=subprocess.PIPE)
    if done.returncode != 0:
        pytest.skip("no file system of its own can be mounted here")
    yield str(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk(small_disk):
    """A change is refused whole, reads and refusals go on, and with room again all is well."""
    pool = Pool()
    try:
        for name in os.listdir(pool.service.data):
            shutil.move(os.path.join(pool.service.data, name), small_disk)
        os.rmdir(pool.service.data)
        os.symlink(small_disk, pool.service.data)
        pool.start()
        assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
        before = pool.service.dump()
        filler = os.path.join(small_disk, "filler")
        with open(filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 512)
            except OSError:
                pass
        statuses = {reset(pool)[0] for _ in range(20)}
        refused = statuses - {200}
        # What the write-ahead log has room for may still succeed; what has none is refused as such.
        assert refused == {507} or refused == {507, 503}, statuses
        assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
        if 200 not in statuses:
            assert pool.service.dump() == before
        os.unlink(filler)
        assert reset(pool, PASSWORD)[0] == 200
        assert sign_in(pool) == 200
        with sqlite3.connect(pool.database) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        database.close()
    finally:
        pool.close()


def test_file_that_goes_away(pool):
    """Health says so when the database does not answer, and when it does again."""
    os.rename(pool.database, pool.database + ".away")
    for worker in pool.workers():
        os.kill(worker, 9)
    pool.wait_until(lambda: "there is no such file" in pool.log())
    os.rename(pool.database + ".away", pool.database)
    pool.wait_until(lambda: pool.health() == 200)
    assert fcgi.ask(pool.address, WHOIS, token=pool.admin)[0] == 200
