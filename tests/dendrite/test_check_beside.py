# SPDX-License-Identifier: ISC
"""mxadmin check beside a homeserver: each fault is seen, named and answered with what to do."""
import contextlib
import os
import pathlib
import sqlite3
import tempfile

import pytest
import yaml

from installation import Installation

FILES = [("one", "delete"), ("one", "wal"), ("split", "delete"), ("split", "wal")]
NOBODY = 65534
SUBJECTS = ["configuration", "shared secret", "listen", "database", "jobs", "disk space", "media store",
            "dendrite files", "schema", "journal mode", "application service", "service account", "homeserver", "server notices"]


@pytest.fixture
def install(make_homeserver):
    """In folders of their own: other runs of pytest close those that it makes to all other users."""
    with contextlib.ExitStack() as stack:
        def make(user=None, attached=True, **options):
            homeserver = make_homeserver(**options)
            homeserver.folder.config_file.chmod(0o640)
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="mxadmin-"))
            installation = Installation(homeserver, pathlib.Path(folder), user)
            installation.configure()
            if attached:
                installation.must("attach")
            return installation
        yield make


def change(homeserver, sql):
    """In the database of the accounts, while nobody has it open; it is not started again."""
    homeserver.stop()
    path = next(path for path in homeserver.folder.databases if path.name in ("dendrite.db", "dendrite_userapi.db"))
    with sqlite3.connect(path) as database:
        database.execute(sql)
    database.close()


@pytest.mark.parametrize("files, journal", FILES)
def test_all_is_well(install, files, journal):
    installation = install(files=files, journal=journal)
    code, found = installation.check()
    assert code == 0
    assert list(found) == SUBJECTS
    assert [subject for subject, lines in found.items() for level, _ in lines if level == "error"] == []
    assert found["homeserver"] == [("ok", f"{installation.homeserver.url} works on these files")]
    assert found["service account"] == [("ok", "@mxadmin-service:example.org, an admin")]
    assert "Dendrite accepts it" in found["application service"][0][1]
    assert found["journal mode"][0][0] == ("ok" if journal == "wal" else "warning")
    if journal == "delete":
        assert "281 ms" in found["journal mode"][0][1]
        for path, (level, text) in zip(installation.homeserver.folder.databases, found["journal mode"], strict=True):
            assert level == "warning" and f"sqlite3 {path} 'PRAGMA journal_mode=WAL'" in text


def start(installation):
    installation.homeserver.start()
    installation.configure()


def not_restarted(installation):
    """Another token than the one that Dendrite has read."""
    path = installation.homeserver.folder.path / "mxadmin-registration.yaml"
    path.write_text(path.read_text().replace(installation.homeserver.folder.as_token, "another"))


def stopped(installation):
    installation.homeserver.stop()


def other_port(installation):
    installation.configure(url="http://127.0.0.1:9")


def other_files(installation):
    """A copy of them, as of a backup."""
    theirs = installation.homeserver.folder
    installation.homeserver.stop()
    for path in theirs.databases:
        (installation.folder / path.name).write_bytes(path.read_bytes())
    start(installation)
    config = yaml.safe_load(theirs.config_file.read_text())
    config["app_service_api"]["config_files"] = [str(theirs.path / "mxadmin-registration.yaml")]
    copy = installation.folder / "dendrite.yaml"
    copy.write_text(yaml.safe_dump(config))
    own = yaml.safe_load(installation.config_file.read_text())
    own["homeserver"]["config"] = str(copy)
    installation.config_file.write_text(yaml.safe_dump(own))


def newer(installation):
    change(installation.homeserver, "INSERT INTO db_migrations VALUES ('userapi: tomorrow', '', '')")
    start(installation)


def older(installation):
    change(installation.homeserver, "DELETE FROM db_migrations WHERE version = 'userapi: server names populate'")


def demoted(installation):
    change(installation.homeserver,
           "UPDATE userapi_accounts SET account_type = 1 WHERE localpart = 'mxadmin-service'")
    start(installation)


def deactivated(installation):
    change(installation.homeserver,
           "UPDATE userapi_accounts SET is_deactivated = 1 WHERE localpart = 'mxadmin-service'")
    start(installation)


def forgotten(installation):
    installation.database.unlink()


def readable(installation):
    installation.homeserver.folder.config_file.chmod(0o644)


def readable_registration(installation):
    (installation.homeserver.folder.path / "mxadmin-registration.yaml").chmod(0o644)


def no_store(installation):
    (installation.homeserver.folder.path / "media").rename(installation.homeserver.folder.path / "elsewhere")


def elsewhere(installation):
    own = yaml.safe_load(installation.config_file.read_text())
    own["homeserver"]["directory"] = str(installation.folder)
    theirs = installation.homeserver.folder
    (installation.folder / "mxadmin-registration.yaml").write_text(
        (theirs.path / "mxadmin-registration.yaml").read_text())
    (installation.folder / "mxadmin-registration.yaml").chmod(0o600)
    installation.config_file.write_text(yaml.safe_dump(own))


@pytest.mark.parametrize("break_it, subject, level, advice", [
    (not_restarted, "application service", "error", "restart Dendrite"),
    (stopped, "application service", "error", "start Dendrite"),
    (stopped, "homeserver", "error", "start Dendrite"),
    (other_port, "application service", "error", "correct homeserver.url"),
    (other_files, "homeserver", "error", "works on other files than these"),
    (newer, "schema", "warning", "\"userapi: tomorrow\", which this mxadmin does not know"),
    (older, "schema", "error", "see what is said above"),
    (demoted, "service account", "error", "mxadmin account promote mxadmin-service"),
    (deactivated, "service account", "error", "{\"deactivated\": false}"),
    (forgotten, "service account", "warning", "run mxadmin attach"),
    (readable, "dendrite files", "warning", "chmod o-r"),
    (readable_registration, "application service", "error", "chmod o-r"),
    (no_store, "media store", "warning", "it is not there"),
    (elsewhere, "dendrite files", "error", "homeserver.directory"),
], ids=lambda value: getattr(value, "__name__", None))
def test_fault(install, break_it, subject, level, advice):
    installation = install(journal="wal")
    break_it(installation)
    code, found = installation.check()
    assert level in [line[0] for line in found[subject]], found
    assert any(advice in line[1] for line in found[subject]), found
    assert code == (1 if level == "error" else 0), found
    assert installation.check("--strict")[0] == 1


def test_without_an_application_service(install):
    code, found = install(registered=False, attached=False).check()
    assert code == 0
    assert found["application service"][0][0] == "warning"
    assert "run mxadmin attach" in found["application service"][0][1]
    assert found["service account"][0][0] == "warning"
    assert found["homeserver"][0][0] == "warning" and "answers" in found["homeserver"][0][1]


@pytest.mark.parametrize("notices, text", [(True, "they are on"), (False, "global.server_notices")])
def test_notices(install, notices, text):
    _, found = install(notices=notices, attached=False).check()
    assert found["server notices"][0][0] == "ok" and text in found["server notices"][0][1]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
@pytest.mark.parametrize("files, journal", FILES)
def test_another_user(install, files, journal):
    """Who may read, and not write, works with all of it, also while nobody has the files open."""
    installation = install(user=NOBODY, files=files, journal=journal, attached=False)
    folder = installation.homeserver.folder
    folder.config_file.write_text(folder.config_file.read_text().replace("- mxadmin-", "- ./mxadmin-"))
    result = installation.run("check")
    assert result.returncode == 1 and "Permission denied" in result.stderr
    os.chown(folder.config_file, 0, NOBODY)
    _, found = installation.check()
    assert "this user may not read: chgrp" in found["application service"][0][1]
    result = installation.run("attach")
    assert result.returncode == 1 and "mxadmin-registration.yaml: this user may not read it" in result.stderr
    os.chown(folder.path / "mxadmin-registration.yaml", 0, NOBODY)
    (folder.path / "mxadmin-registration.yaml").chmod(0o640)
    installation.must("attach")
    code, found = installation.check()
    assert code == 0, found
    assert found["homeserver"][0][0] == "ok"
    installation.homeserver.stop()
    _, found = installation.check()
    assert [line[0] for line in found["dendrite files"] + found["schema"]] == ["ok", "ok"]
    for path in folder.databases:
        path.chmod(0o600)
    _, found = installation.check()
    assert found["dendrite files"][0][0] == "error" and "may not read it" in found["dendrite files"][0][1]
