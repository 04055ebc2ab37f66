# SPDX-License-Identifier: ISC
"""mxadmin audit: what commands have changed, by whom, and nothing of what they only read or could not do."""
import getpass
import json
import re
import sqlite3

import pytest

from conftest import PASSWORD, environment


def rows(homeserver, *options):
    return json.loads(homeserver.must("audit", "--json", "--limit", "1000", *options))


@pytest.fixture
def alice(homeserver):
    homeserver.create("alice", "--admin", "--display-name", "Alice")
    return homeserver


def test_a_row(alice):
    row, = rows(alice)
    assert isinstance(row.pop("id"), int) and isinstance(row.pop("ts"), int)
    assert row == {"admin": "", "device_id": None, "address": "", "method": "COMMAND", "route": "account create",
                   "target": "@alice:example.org", "outcome": 200, "request_id": "",
                   "parameters": {"operator": getpass.getuser(), "admin": True, "display-name": "Alice"}}


@pytest.mark.parametrize("command, target", [
    ("account demote alice", "@alice:example.org"),
    ("account demote @alice:example.org", "@alice:example.org"),
    ("account password alice --logout-devices", "@alice:example.org"),
    ("account deactivate alice", "@alice:example.org"),
    ("account token alice", "@alice:example.org"),
    ("room create alice --name=Tea", "@alice:example.org"),
    ("populate --users 3 --rooms 1 --members 3", ""),
])
def test_what_changes_something(alice, command, target):
    alice.must(*command.split(), stdin=PASSWORD + "\n")
    row, _ = rows(alice)
    assert row["route"] == re.match(r"[a-z]+( [a-z]+)?", command.replace("populate -", "populate:-")).group()
    assert (row["target"], row["outcome"]) == (target, 200)
    given = re.findall(r"--([a-z-]+)", command)
    assert set(row["parameters"]) == {"operator", *given}
    assert PASSWORD not in json.dumps(rows(alice))


@pytest.mark.parametrize("command", [
    "account promote alice", "account list", "account demote bob", "account create alice --no-password",
    "room list", "room create bob", "check", "fsck", "audit", "init",
])
def test_what_changes_nothing(alice, command):
    alice.run(*command.split())
    assert len(rows(alice)) == 1


def test_a_room(alice):
    alice.create("bob")
    room_id = alice.must("room", "create", "alice", "--public").strip()
    alice.must("room", "join", room_id, "--user", "bob")
    alice.must("room", "join", room_id, "--user", "bob")
    joined, = rows(alice, "--target", room_id)
    assert joined["parameters"]["user"] == "bob"


@pytest.mark.parametrize("sudo, operator", [("carol", "carol"), ("\x1b[31m", "?[31m"), ("", "root")])
def test_behind_sudo(homeserver, sudo, operator):
    homeserver.must("account", "create", "dave", "--no-password", env=environment(SUDO_USER=sudo))
    row, = rows(homeserver)
    assert row["parameters"]["operator"] == (operator if getpass.getuser() == "root" else getpass.getuser())


def add(homeserver, **columns):
    row = {"ts": 0, "admin": "", "address": "", "method": "POST", "route": "", "target": "", "parameters": "{}",
           "request_id": "", **columns}
    with sqlite3.connect(homeserver.database) as database:
        database.execute("INSERT INTO mxadmin_audit (%s) VALUES (%s)" % (
            ", ".join(row), ", ".join("?" * len(row))), list(row.values()))


@pytest.fixture
def filled(homeserver):
    add(homeserver, ts=1769817600000, admin="@a:example.org", target="!r:example.org", route="/x/{room_id}", outcome=200)
    add(homeserver, ts=1769903999000, admin="@a:example.org", target="@u\x1b:b\x85", route="/y", outcome=None)
    add(homeserver, ts=1769904000000, admin="@b:example.org", target="!r:example.org", route="/y", outcome=503,
        parameters='{"reason":"spam"}')
    return homeserver


@pytest.mark.parametrize("options, times", [
    ([], [1769904000000, 1769903999000, 1769817600000]),
    (["--limit", "1"], [1769904000000]),
    (["--by", "a"], [1769903999000, 1769817600000]),
    (["--by", "@a:example.org", "--target", "!r:example.org"], [1769817600000]),
    (["--by", "nobody"], []),
    (["--route", "/y"], [1769904000000, 1769903999000]),
    (["--since", "2026-02-01"], [1769904000000]),
    (["--until", "2026-01-31T23:59:59Z"], [1769903999000, 1769817600000]),
    (["--since", "2026-01-31", "--until", "2026-02-01", "--route", "/x/{room_id}"], [1769817600000]),
])
def test_filters(filled, options, times):
    assert [row["ts"] for row in json.loads(filled.must("audit", "--json", *options))] == times


def test_table(filled):
    assert filled.must("audit").splitlines() == [
        '2026-02-01T00:00:00Z 503 @b:example.org POST /y !r:example.org {"reason":"spam"}',
        "2026-01-31T23:59:59Z   ? @a:example.org POST /y @u?:b? {}",
        "2026-01-31T00:00:00Z 200 @a:example.org POST /x/{room_id} !r:example.org {}",
    ]


def test_a_user_of_another_server(filled):
    result = filled.run("audit", "--by", "@a:example.com")
    assert result.returncode == 1
    assert b"not a user of this server" in result.stderr


@pytest.mark.parametrize("retention, left", [(0, 4), (36500, 4), (1, 1)])
def test_retention(filled, retention, left):
    filled.config.write_text(filled.config.read_text() + f"audit: {{retention: {retention}}}\n")
    filled.must("account", "create", "eve", "--no-password")
    assert len(rows(filled)) == left


def test_a_failure_in_the_middle(homeserver):
    """Of what takes several transactions the first are there, and the row says that it failed."""
    with sqlite3.connect(homeserver.database) as database:
        database.execute("CREATE TRIGGER stop BEFORE INSERT ON userapi_accounts WHEN NEW.localpart = 'user020100'"
                         " BEGIN SELECT RAISE(ABORT, 'enough'); END")
    assert homeserver.run("populate", "--users", "20101", "--rooms", "0").returncode == 1
    assert homeserver.query("SELECT COUNT(*) FROM userapi_accounts") == [(20000,)]
    row, = rows(homeserver)
    assert (row["route"], row["outcome"]) == ("populate", 500)
