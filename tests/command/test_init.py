# SPDX-License-Identifier: ISC
"""mxadmin init: what it makes, and above all what it leaves alone."""
import gzip
import os
import pwd
import shutil
import sqlite3
import stat
import subprocess
import tempfile

import pytest

from conftest import MXADMIN, PASSWORD, ROOT, environment


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_makes_database_and_key(empty):
    printed = empty.must("init")
    assert f"database {empty.database}: created\n" in printed
    assert f"signing key {empty.key}: created, ed25519:" in printed
    assert (mode(empty.database), mode(empty.key)) == (0o600, 0o600)
    assert "BEGIN MATRIX PRIVATE KEY" in empty.key.read_text()
    assert empty.query("SELECT count(*) FROM db_migrations")[0][0] > 0


def test_again_changes_nothing(homeserver):
    homeserver.create("alice")
    key, dump = homeserver.key.read_bytes(), homeserver.dump()
    printed = homeserver.must("init")
    assert "database" in printed and "exists, its data are kept" in printed and "exists, kept" in printed
    assert (homeserver.key.read_bytes(), homeserver.dump()) == (key, dump)


def test_makes_the_media_store(empty):
    empty.configure(media_path="media")
    empty.must("init")
    media = empty.folder / "media"
    assert media.is_dir() and mode(media) == 0o750
    media.chmod(0o700)
    (media / "file").write_text("mine")
    empty.must("init")
    assert mode(media) == 0o700 and (media / "file").exists(), "what is there stays"
    empty.configure(media_path="nowhere/media")
    result = empty.run("init")
    assert result.returncode == 1 and b"nowhere/media cannot be made" in result.stderr


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_modes_do_not_depend_on_the_umask(empty, umask):
    empty.must("init", umask=umask)
    for path in empty.folder.glob("*"):
        assert mode(path) == 0o600, path


def test_two_at_once(empty):
    command = [MXADMIN, "-c", str(empty.config), "init"]
    both = [subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for _ in range(2)]
    outputs = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    key_ids = {out.decode().strip().rsplit(" ", 1)[1] for out, _ in outputs}
    assert len(key_ids) == 1


def write_text(path):
    path.write_text("a letter to my grandmother\n" * 100)


def write_sqlite(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def write_truncated(path):
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 500)


@pytest.mark.parametrize("write", [write_text, write_sqlite, write_truncated])
def test_foreign_database_is_refused(empty, write):
    write(empty.database)
    before = empty.database.read_bytes()
    result = empty.run("init")
    assert result.returncode == 1
    assert str(empty.database) in result.stderr.decode()
    assert empty.database.read_bytes() == before
    assert not empty.key.exists()


def test_database_of_another_server_is_refused(homeserver):
    before = homeserver.dump()
    homeserver.configure(server_name="example.com")
    assert homeserver.run("init").returncode == 1
    assert homeserver.run("account", "list").returncode == 1
    assert homeserver.dump() == before


@pytest.mark.parametrize("content", ["", "not a key\n", "-----BEGIN MATRIX PRIVATE KEY-----\n"])
def test_damaged_key_is_reported_and_kept(empty, content):
    empty.key.write_text(content)
    result = empty.run("init")
    assert result.returncode == 1
    assert str(empty.key) in result.stderr.decode()
    assert empty.key.read_text() == content


def test_dangling_link_is_not_followed(empty):
    empty.key.symlink_to(empty.folder / "elsewhere.pem")
    assert empty.run("init").returncode == 1
    assert not (empty.folder / "elsewhere.pem").exists()


def test_missing_folder(empty):
    empty.configure(database="missing/mxadmin.db")
    result = empty.run("init")
    assert result.returncode == 1
    assert "missing/mxadmin.db" in result.stderr.decode()


def test_dendrite_database_keeps_all_it_has(empty):
    with gzip.open(ROOT / "tests/fixture/dendrite.db.gz") as source, open(empty.database, "wb") as target:
        shutil.copyfileobj(source, target)
    shutil.copy(ROOT / "tests/fixture/matrix_key.pem", empty.key)
    before, key = set(empty.dump()), empty.key.read_bytes()
    empty.must("init")
    assert before <= set(empty.dump())
    assert empty.key.read_bytes() == key
    assert "@admin:example.org" in empty.must("account", "list")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_root_becomes_the_user_of_the_service(empty):
    """What root made there the service could not open."""
    nobody = pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory() as state:
        os.chown(state, nobody.pw_uid, nobody.pw_gid)
        empty.configure(user="nobody", database=f"{state}/mxadmin.db", signing_key=f"{state}/matrix_key.pem")
        empty.must("init")
        empty.must("account", "create", "alice", stdin=PASSWORD)
        owners = {name: os.stat(os.path.join(state, name)).st_uid for name in os.listdir(state)}
        assert "mxadmin.db" in owners and set(owners.values()) == {nobody.pw_uid}, owners
        assert "ok      database" in empty.must("check")
