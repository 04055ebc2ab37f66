# SPDX-License-Identifier: ISC
"""mxadmin handover: what is mxadmin's own moves out, the rest is Dendrite's, and it is all or nothing."""
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import time

import pytest
import yaml

from conftest import MXADMIN, environment, run

CONFIG = """# The homeserver
server_name: example.org
database: mxadmin.db   # here
signing_key: matrix_key.pem
registration_shared_secret: "se\\"cret"
server_notices:
  enabled: true
  room_name: Notices
# How many
workers: 2
"""
EDITED = """# The homeserver
#server_name: example.org
database: "{folder}/own.db"
#signing_key: matrix_key.pem
#registration_shared_secret: "se\\"cret"
#server_notices:
#  enabled: true
#  room_name: Notices
# How many
workers: 2
homeserver:
  kind: dendrite
  config: "{folder}/dendrite.yaml"
  url: "http://127.0.0.1:8008"
"""


class Installation:
    def __init__(self, homeserver):
        self.homeserver = homeserver
        self.folder = homeserver.folder
        self.own = self.folder / "own.db"
        self.files = [homeserver.config, homeserver.database]
        homeserver.config.write_text(CONFIG)
        homeserver.config.chmod(0o640)
        homeserver.must("init")
        homeserver.create("alice", "--admin")
        homeserver.must("account", "deactivate", "alice")
        homeserver.create("bob")
        change(homeserver.database, "INSERT INTO mxadmin_deferred (kind, target, parameters, actor, created_ts)"
                                    " VALUES ('reactivate', 'bob', 'null', '', 1)")
        change(homeserver.database, "DELETE FROM mxadmin_deferred")

    def hand_over(self, *options):
        return self.homeserver.run("handover", "--to", self.own, "--config", self.folder / "dendrite.yaml", *options)

    def must_hand_over(self):
        result = self.hand_over()
        assert result.returncode == 0, result.stderr.decode()
        return result.stdout.decode()

    def check_done(self, ours, theirs):
        """`ours` and `theirs` are what was in the one file."""
        assert self.homeserver.config.read_text() == EDITED.format(folder=self.folder)
        assert stat.S_IMODE(self.homeserver.config.stat().st_mode) == 0o640
        assert (self.folder / "mxadmin.yaml.standalone").read_text() == CONFIG
        assert stat.S_IMODE(self.own.stat().st_mode) == 0o600
        assert parts(self.own) == (ours, {})
        assert parts(self.homeserver.database) == ({}, theirs)
        left = sorted(path.name for path in self.folder.iterdir() if not path.name.startswith("mxadmin.db."))
        assert left == ["matrix_key.pem", "mxadmin.db", "mxadmin.yaml", "mxadmin.yaml.standalone", "own.db"]


def change(path, sql, *values):
    with sqlite3.connect(path) as database:
        database.execute(sql, values)
    database.close()


def parts(path):
    """What is mxadmin's and what is Dendrite's: the tables with their rows, and the numbers that were given."""
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    ours, theirs = {}, {}
    for table, in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'"):
        (ours if table.startswith("mxadmin_") else theirs)[table] = (
            sorted(database.execute(f'SELECT * FROM "{table}"').fetchall(), key=repr),
            database.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", [table]).fetchall())
    database.close()
    return ours, theirs


@pytest.fixture
def installation(empty):
    return Installation(empty)


def test_it_is_handed_over(installation):
    ours, theirs = parts(installation.homeserver.database)
    assert ours["mxadmin_audit"][0] and ours["mxadmin_deferred"] == ([], [(1,)])
    said = installation.must_hand_over()
    installation.check_done(ours, theirs)
    assert "1 accounts cannot sign in" in said  # alice is deactivated
    lines = yaml.safe_load(re.search("^global:.*?^$", said, re.M | re.S).group(0))
    database = {"connection_string": f"file:{installation.folder}/mxadmin.db"}
    assert lines == {
        "global": {"server_name": "example.org", "private_key": f"{installation.folder}/matrix_key.pem",
                   "server_notices": {"enabled": True, "local_part": "_server", "display_name": "Server Alert",
                                      "room_name": "Notices"}},
        "client_api": {"registration_shared_secret": 'se"cret'},
        "user_api": {"account_database": database}, "room_server": {"database": database},
        "sync_api": {"database": database}, "federation_api": {"database": database},
        "key_server": {"database": database}, "relay_api": {"database": database}, "mscs": {"database": database},
        "media_api": {"database": database, "base_path": "/var/lib/dendrite/media", "max_file_size_bytes": 10485760}}


def test_then_mxadmin_is_beside_a_dendrite(installation):
    said = installation.must_hand_over()
    (installation.folder / "dendrite.yaml").write_text(re.search("^global:.*?^$", said, re.M | re.S).group(0))
    assert "@bob:example.org" in installation.homeserver.must("account", "list")
    audit = installation.homeserver.must("audit")
    assert "account create" in audit


def test_dry_run(installation):
    before = contents(installation)
    result = installation.hand_over("--dry-run")
    assert result.returncode == 0 and b"Nothing is changed" in result.stdout and b"server_name" in result.stdout
    assert contents(installation) == before


def contents(installation):
    """A log that nothing stands in comes and goes with who reads."""
    found = {path.name: path.read_bytes() for path in installation.folder.iterdir() if not path.name.endswith("-shm")}
    return {name: content for name, content in found.items() if content or not name.endswith("-wal")}


def refused(installation, said, *options, env=None):
    before = contents(installation)
    result = installation.homeserver.run("handover", "--to", installation.own, *options, env=env)
    assert result.returncode == 1
    assert said in result.stderr.decode(), result.stderr.decode()
    assert contents(installation) == before


def test_refuses_a_file_that_is_there(installation):
    installation.own.write_text("mine")
    refused(installation, "file is not a database")
    installation.own.unlink()
    run("-c", installation.homeserver.config, "init", env=environment(MXADMIN_DATABASE=str(installation.own)))
    refused(installation, "it exists already")


def test_refuses_what_is_beside_a_dendrite_already(installation):
    installation.must_hand_over()
    refused(installation, "only a standalone homeserver can be handed over")


def test_refuses_what_the_environment_says(installation):
    refused(installation, "the environment would go on saying otherwise",
            env=environment(MXADMIN_DATABASE=str(installation.homeserver.database)))


def test_refuses_a_configuration_on_one_line(installation):
    installation.homeserver.config.write_text("{server_name: example.org, database: mxadmin.db, signing_key: k.pem}\n")
    refused(installation, "is not written as one option a line")


def test_needs_to(installation):
    result = installation.homeserver.run("handover")
    assert result.returncode == 2 and b"--to says which file" in result.stderr


def has_open(supervisor, path):
    """Whether a child has the file open."""
    children = pathlib.Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    links = [link for child in children for link in pathlib.Path(f"/proc/{child}/fd").glob("*")]
    return any(os.path.islink(link) and os.path.realpath(link) == str(path) for link in links)


def test_refuses_while_the_pool_runs(installation):
    pool = subprocess.Popen([MXADMIN, "-c", str(installation.homeserver.config), "serve"], stderr=subprocess.PIPE,
                            env=environment(MXADMIN_LISTEN=f"unix:{installation.folder}/mxadmin.sock"))
    while b"serving on" not in (line := pool.stderr.readline()):
        assert line
    while not has_open(pool.pid, installation.homeserver.database):
        assert pool.poll() is None
        time.sleep(0.02)
    result = installation.hand_over()
    assert result.returncode == 1
    assert b"another process has it open: stop mxadmin" in result.stderr
    assert installation.homeserver.config.read_text() == CONFIG
    assert not installation.own.exists()
    pool.send_signal(signal.SIGTERM)
    pool.communicate(timeout=60)
    installation.must_hand_over()


def test_a_copy_that_was_never_used(installation, tmp_path_factory):
    """It was cut off before the configuration was replaced, and mxadmin has gone on since."""
    kept = tmp_path_factory.mktemp("kept")
    for path in installation.files:
        shutil.copy(path, kept)
    installation.must_hand_over()
    (installation.folder / "mxadmin.yaml.standalone").unlink()
    for path in installation.files:
        shutil.copy(kept / path.name, path)
    change(installation.own, "INSERT INTO mxadmin_settings VALUES ('handover_of', ?)",
           str(installation.homeserver.database))
    installation.homeserver.create("carol")
    ours, theirs = parts(installation.homeserver.database)
    installation.must_hand_over()
    installation.check_done(ours, theirs)


def test_a_fault_in_the_configuration_is_no_handover(installation):
    """A copy is there that was never used, and the configuration cannot be read: it is a standalone one all the same."""
    installation.must_hand_over()
    kept = installation.folder / "mxadmin.yaml.standalone"
    installation.homeserver.config.write_text(kept.read_text() + "wrkers: 3\n")
    change(installation.own, "INSERT INTO mxadmin_settings VALUES ('handover_of', ?)",
           str(installation.homeserver.database))
    change(installation.homeserver.database, "CREATE TABLE mxadmin_settings (name TEXT, value TEXT)")
    refused(installation, "wrkers: there is no such option")


def test_the_folder_that_it_is_called_in(installation, tmp_path_factory):
    """What is relative in the configuration begins in the folder of that."""
    here = tmp_path_factory.mktemp("here")
    said = installation.homeserver.must("handover", "--to", installation.own, "--config", "dendrite.yaml", cwd=here)
    assert f"in {here}/dendrite.yaml:" in said
    rewritten = yaml.safe_load(installation.homeserver.config.read_text())
    assert rewritten["homeserver"]["config"] == str(here / "dendrite.yaml")


def test_killed_anywhere(installation, tmp_path_factory):
    """At each of its steps to the disk: by then nothing has happened or all of it, or the next call sees to that."""
    kept = tmp_path_factory.mktemp("kept")
    for path in installation.files:
        shutil.copy(path, kept)
    ours, theirs = parts(installation.homeserver.database)
    calls = "fdatasync,fsync,unlink,link,rename,renameat2"
    step, killed = 0, True
    while killed:
        step += 1
        for path in installation.folder.glob("*"):
            if path.name != "matrix_key.pem" and not path.name.startswith("mxadmin.db."):
                path.unlink()
        for path in installation.files:
            shutil.copy(kept / path.name, path)
        result = subprocess.run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + calls, "-e",
                                 f"inject={calls}:signal=KILL:when={step}", MXADMIN, "-c", installation.homeserver.config,
                                 "handover", "--to", installation.own, "--config", installation.folder / "dendrite.yaml"],
                                env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        killed = result.returncode == -signal.SIGKILL
        assert killed or result.returncode == 0, result.stderr.decode()
        text = installation.homeserver.config.read_text()
        if text == CONFIG:
            assert parts(installation.homeserver.database) == (ours, theirs), step
        else:
            assert text == EDITED.format(folder=installation.folder), step
            assert parts(installation.own)[0].keys() == ours.keys()
        if killed and (text == CONFIG or "handover_of" in str(parts(installation.own)[0]["mxadmin_settings"])):
            installation.must_hand_over()
        installation.check_done(ours, theirs)
    assert step > 10
