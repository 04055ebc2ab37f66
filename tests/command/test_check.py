# SPDX-License-Identifier: ISC
"""mxadmin check: each fault is seen, named and answered with what to do."""
import re
import socket
import sqlite3

import pytest

from conftest import SERVER_NAME

SUBJECTS = ["configuration", "shared secret", "listen", "database", "jobs", "disk space", "media store", "signing key",
            "password hash"]


def lines_of(result):
    lines = result.stdout.decode().splitlines()
    found = [re.fullmatch(r"(ok|warning|error) +([a-z ]+): (.+)", line) for line in lines]
    assert all(found), lines
    return [match.groups() for match in found]


def levels(result):
    return {subject: level for level, subject, _ in lines_of(result)}


def text_of(result, subject):
    return next(text for _, found, text in lines_of(result) if found == subject)


def test_all_is_well(homeserver):
    before = homeserver.dump()
    result = homeserver.run("check")
    assert result.returncode == 0
    assert [subject for _, subject, _ in lines_of(result)] == SUBJECTS
    assert {level for subject, level in levels(result).items() if subject != "disk space"} <= {"ok", "warning"}
    assert re.search(r"scrypt takes \d+ ms a password, \d+ at once", text_of(result, "password hash"))
    assert re.match(r"\d+ MiB are free in ", text_of(result, "disk space"))
    assert SERVER_NAME in text_of(result, "configuration")
    assert homeserver.dump() == before
    assert not (homeserver.folder / "mxadmin.sock").exists()


def nothing_made(homeserver):
    homeserver.database.unlink()
    homeserver.key.unlink()


def open_database(homeserver):
    homeserver.database.chmod(0o644)


def foreign_database(homeserver):
    homeserver.database.unlink()
    with sqlite3.connect(homeserver.database) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")


def other_server(homeserver):
    homeserver.configure(server_name="example.com")


def no_key(homeserver):
    homeserver.key.unlink()


def damaged_key(homeserver):
    homeserver.key.write_text("not a key\n")


def open_key(homeserver):
    homeserver.key.chmod(0o640)


def open_secret(homeserver):
    homeserver.configure(registration_shared_secret="tell nobody")
    homeserver.config.chmod(0o644)


def open_secret_file(homeserver):
    path = homeserver.folder / "secret"
    path.write_text("tell nobody\n")
    path.chmod(0o644)
    homeserver.configure(registration_shared_secret_path="secret")


def open_configuration(homeserver):
    homeserver.config.chmod(0o666)


def long_socket(homeserver):
    homeserver.configure(listen="unix:/" + "x" * 120)


def no_folder(homeserver):
    homeserver.configure(listen=f"unix:{homeserver.folder}/missing/mxadmin.sock")


def job_to_do(homeserver):
    homeserver.query("INSERT INTO mxadmin_jobs (id, kind, target, parameters, status, cancelling, holder, turn, done, total,"
                     " cursor, failure, attempts, created_ts, due_ts, started_ts, heartbeat_ts, finished_ts)"
                     " VALUES ('a', 'deactivate', 'bob', '{}', 'scheduled', 0, 0, 0, 0, 0, '', 0, 0, 1, 0, 0, 0, 0)")


def no_store(homeserver):
    homeserver.configure(media_path="missing")


def no_folder_in_run(homeserver):
    homeserver.configure(listen="unix:/run/no-such-folder/mxadmin.sock")


def no_owner(homeserver):
    homeserver.configure(listen_owner="no-such-user")


def no_group(homeserver):
    homeserver.configure(listen_group="no-such-group")


@pytest.mark.parametrize("break_it, subject, level, advice", [
    (nothing_made, "database", "error", "run mxadmin init"),
    (nothing_made, "signing key", "error", "run mxadmin init"),
    (open_database, "database", "warning", "chmod 600"),
    (foreign_database, "database", "error", "not of this program"),
    (other_server, "database", "error", "see what is said above"),
    (job_to_do, "jobs", "warning", "mxadmin work"),
    (no_store, "media store", "warning", "correct media_path"),
    (no_key, "signing key", "error", "run mxadmin init"),
    (damaged_key, "signing key", "error", "see what is said above"),
    (open_key, "signing key", "error", "chmod 600"),
    (open_secret, "configuration", "error", "chmod o-r"),
    (open_secret_file, "shared secret", "error", "chmod o-r"),
    (open_configuration, "configuration", "error", "chmod o-w"),
    (long_socket, "listen", "error", "at most 107 bytes"),
    (no_folder, "listen", "error", "No such file or directory"),
    (no_folder_in_run, "listen", "warning", "systemd makes it"),
    (no_owner, "listen", "error", "no user no-such-user"),
    (no_group, "listen", "error", "no group no-such-group"),
], ids=lambda value: getattr(value, "__name__", None))
def test_fault(homeserver, break_it, subject, level, advice):
    break_it(homeserver)
    result = homeserver.run("check")
    assert (level, subject) in [line[:2] for line in lines_of(result)]
    assert advice in text_of(result, subject)
    assert result.returncode == (1 if level == "error" else 0)
    assert homeserver.run("check", "--strict").returncode == 1
    assert "tell nobody" not in result.stdout.decode() + result.stderr.decode()


def test_faulty_configuration(homeserver):
    homeserver.config.write_text("frobnicate: 1\n")
    result = homeserver.run("check")
    assert result.returncode == 1
    assert levels(result) == {"configuration": "error"}
    assert "mxadmin.yaml:1: frobnicate" in result.stderr.decode()


def test_serving_socket(homeserver):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(homeserver.folder / "mxadmin.sock"))
        listener.listen()
        assert "a service answers" in text_of(homeserver.run("check"), "listen")
    assert "nobody serves on it now" in text_of(homeserver.run("check"), "listen")


@pytest.mark.parametrize("listen", ["systemd", "127.0.0.1:9000", '"[::1]:9000"'])
def test_other_sockets(homeserver, listen):
    homeserver.configure(listen=listen)
    assert levels(homeserver.run("check"))["listen"] == "ok"
