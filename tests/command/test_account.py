# SPDX-License-Identifier: ISC
"""mxadmin account: what it does to the database, what it refuses, and that no secret gets out."""
import json
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

from conftest import MXADMIN, PASSWORD, environment

USER, GUEST, ADMIN, APPSERVICE = 1, 2, 3, 4


def display_name(homeserver, localpart):
    return homeserver.query("SELECT display_name FROM userapi_profiles WHERE localpart = ?", localpart)[0][0]


def make_guest(homeserver, localpart):
    homeserver.create(localpart)
    with sqlite3.connect(homeserver.database) as connection:
        connection.execute("UPDATE userapi_accounts SET account_type = ? WHERE localpart = ?", (GUEST, localpart))


@pytest.mark.parametrize("options, account_type, name", [
    ([], USER, None),
    (["--admin"], ADMIN, None),
    (["--display-name", "Älice ✨"], USER, "Älice ✨"),
    (["--admin", "--display-name=Alice"], ADMIN, "Alice"),
    (["--display-name="], USER, None),
])
def test_create(homeserver, options, account_type, name):
    assert homeserver.create("alice", *options) == "@alice:example.org\n"
    assert homeserver.account("alice")[:2] == (account_type, 0)
    assert homeserver.account("alice")[2].startswith("$s1$")
    assert (display_name(homeserver, "alice") or None) == name
    assert homeserver.tokens("alice") == []


def test_create_by_full_id(homeserver):
    assert homeserver.create("@alice:example.org") == "@alice:example.org\n"
    assert homeserver.account("alice")


def test_create_without_password(homeserver):
    homeserver.must("account", "create", "bot", "--no-password")
    assert not homeserver.account("bot")[2]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_root_is_in_nobodys_way(homeserver):
    """What root's command makes beside the database is for who owns that."""
    shutil.chown(homeserver.database, "nobody")
    homeserver.create("alice")
    made = homeserver.folder / "mxadmin.db.gate"
    assert (made.owner(), made.stat().st_mode & 0o777) == ("nobody", 0o600)


def test_create_with_bcrypt(homeserver):
    homeserver.configure(password_hash="bcrypt")
    homeserver.create("alice")
    assert homeserver.account("alice")[2].startswith("$2")


@pytest.mark.parametrize("localpart, said", [
    ("", "the localpart is empty"),
    ("@", "not a user ID"),
    ("@alice", "not a user ID"),
    ("@alice:", "not a user ID"),
    ("alice:example.org", "made of a-z"),
    ("@alice:example.com", "not a user of this server, example.org"),
    ("Alice", "made of a-z"),
    ("al ice", "made of a-z"),
    ("älice", "made of a-z"),
    ("al\x1bice", "al?ice"),
    ("_alice", "reserved"),
    ("12345", "reserved for guests"),
    ("a" * 243, "longer than 255 bytes"),
    ("a" * 300, "longer than 255 bytes"),
    ("@" + "a" * 300 + ":example.org", "not a user ID"),
])
def test_create_refuses_names(homeserver, localpart, said):
    before = homeserver.dump()
    result = homeserver.run("account", "create", "--", localpart, stdin=PASSWORD)
    assert result.returncode == 1
    assert said in result.stderr.decode()
    assert "\x1b" not in result.stderr.decode()
    assert homeserver.dump() == before


def test_longest_name(homeserver):
    localpart = "a" * (255 - len("@:example.org"))
    homeserver.create(localpart)
    assert homeserver.account(localpart)


def test_taken_name(homeserver):
    homeserver.create("alice")
    before = homeserver.dump()
    result = homeserver.run("account", "create", "alice", stdin="another password")
    assert result.returncode == 1
    assert result.stderr.decode() == "mxadmin: account create: alice: the user ID is already taken\n"
    assert homeserver.dump() == before


@pytest.mark.parametrize("stdin, said", [
    ("", "no password was given"),
    ("\n", "fewer than 8"),
    ("seven77\n", "fewer than 8"),
    ("7777777\nand more\n", "fewer than 8"),
    ("ééééééé\n", "fewer than 8"),
    ("x" * 513, "more than 512"),
    ("✨" * 513, "more than 512"),
    ("😀" * 513, "more than 512"),
    ("x" * 100000, "more than 512"),
    (b"pass\0word\n", "NUL"),
    (b"\xffpassword\n", "not valid UTF-8"),
])
@pytest.mark.parametrize("command", [["create", "alice"], ["password", "bob"]])
def test_password_refused(homeserver, command, stdin, said):
    homeserver.must("account", "create", "bob", "--no-password")
    before = homeserver.dump()
    result = homeserver.run("account", *command, stdin=stdin)
    assert result.returncode == 1
    assert said in result.stderr.decode()
    assert homeserver.dump() == before


@pytest.mark.parametrize("password", ["eight888", "x" * 512, "😀" * 512, "é" * 8, "  spaces stay  "])
def test_password_taken(homeserver, password):
    homeserver.must("account", "create", "alice", stdin=password + "\nthe second line is not read\n")
    assert homeserver.account("alice")


def test_password(homeserver):
    homeserver.create("alice")
    before = homeserver.account("alice")
    token = homeserver.must("account", "token", "alice").strip()
    assert homeserver.must("account", "password", "alice", stdin="another password\n") == ""
    assert homeserver.account("alice")[2] != before[2]
    assert homeserver.tokens("alice") == [token]
    homeserver.must("account", "password", "alice", "--logout-devices", stdin="another password\n")
    assert homeserver.tokens("alice") == []


def test_promote_and_demote(homeserver):
    homeserver.create("alice")
    for command, account_type in [("promote", ADMIN), ("promote", ADMIN), ("demote", USER), ("demote", USER)]:
        assert homeserver.must("account", command, "alice") == ""
        assert homeserver.account("alice")[0] == account_type


def test_guest_is_no_admin(homeserver):
    make_guest(homeserver, "visitor")
    result = homeserver.run("account", "promote", "visitor")
    assert result.returncode == 1
    assert "can be no admin" in result.stderr.decode()
    assert homeserver.account("visitor")[0] == GUEST


def test_deactivate(homeserver):
    homeserver.create("alice")
    homeserver.must("account", "token", "alice")
    for _ in range(2):
        homeserver.must("account", "deactivate", "alice")
        assert homeserver.account("alice")[1] == 1
        assert not homeserver.account("alice")[2]
        assert homeserver.tokens("alice") == []
    for command in (["token", "alice"], ["password", "alice"]):
        result = homeserver.run("account", *command, stdin=PASSWORD)
        assert result.returncode == 1
        assert "the account is deactivated" in result.stderr.decode()
    assert "already taken" in homeserver.run("account", "create", "alice", stdin=PASSWORD).stderr.decode()


@pytest.mark.parametrize("command", ["password", "promote", "demote", "deactivate", "token"])
@pytest.mark.parametrize("user, said", [
    ("nobody", "nobody: there is no such user"),
    ("@nobody:example.org", "there is no such user"),
    ("@alice:example.com", "not a user of this server"),
    ("@nobody", "not a user ID"),
    ("", "there is no such user"),
])
def test_no_such_user(homeserver, command, user, said):
    homeserver.create("alice")
    before = homeserver.dump()
    result = homeserver.run("account", command, user, stdin=PASSWORD)
    assert result.returncode == 1
    assert f"mxadmin: account {command}: " in result.stderr.decode()
    assert said in result.stderr.decode()
    assert homeserver.dump() == before


def test_token(homeserver):
    homeserver.create("alice")
    tokens = [homeserver.must("account", "token", user) for user in ("alice", "@alice:example.org")]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}\n", token) for token in tokens)
    assert sorted(homeserver.tokens("alice")) == sorted(token.strip() for token in tokens)
    names = homeserver.query("SELECT DISTINCT display_name FROM userapi_devices")
    assert names == [("mxadmin account token",)]


def test_token_that_nobody_saw_is_none(homeserver):
    homeserver.create("alice")
    with open("/dev/full", "wb") as full:
        result = homeserver.run("account", "token", "alice", stdout=full)
    assert result.returncode == 1
    assert homeserver.tokens("alice") == []


def test_list(homeserver):
    assert homeserver.must("account", "list") == ""
    assert json.loads(homeserver.must("account", "list", "--json")) == []
    homeserver.create("bob")
    homeserver.create("alice", "--admin")
    make_guest(homeserver, "carol")
    homeserver.must("account", "deactivate", "bob")
    entries = json.loads(homeserver.must("account", "list", "--json"))
    assert [(e["user_id"], e["type"], e["deactivated"]) for e in entries] == [
        ("@alice:example.org", "admin", False), ("@bob:example.org", "user", True),
        ("@carol:example.org", "guest", False)]
    assert all(e["created_ts"] > 1600000000000 for e in entries)
    lines = homeserver.must("account", "list").splitlines()
    assert [line.split()[0] for line in lines] == [e["user_id"] for e in entries]
    assert [line.endswith(" deactivated") for line in lines] == [False, True, False]


def test_list_is_safe_for_a_terminal(homeserver):
    homeserver.create("alice")
    with sqlite3.connect(homeserver.database) as connection:
        connection.execute("UPDATE userapi_accounts SET localpart = ?", ("al\x1b[2Jice\u009b",))
    assert homeserver.must("account", "list").startswith("@al?[2Jice?:example.org ")
    assert json.loads(homeserver.must("account", "list", "--json"))[0]["user_id"] == "@al\x1b[2Jice\u009b:example.org"


@pytest.mark.parametrize("command", ["list", "token alice", "create alice", "deactivate alice"])
def test_before_init(empty, command):
    result = empty.run("account", *command.split(), stdin=PASSWORD)
    assert result.returncode == 1
    assert "mxadmin init" in result.stderr.decode()
    assert not empty.database.exists()


def test_secrets_stay_inside(homeserver):
    """Neither what it prints nor what other users see of the process has the password in it."""
    homeserver.configure(registration_shared_secret="do not tell anybody")
    with subprocess.Popen([MXADMIN, "-c", str(homeserver.config), "account", "create", "alice"], env=environment(),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(PASSWORD.encode())
        process.stdin.flush()
        # It waits for the end of the line; nothing has been closed yet.
        with open(f"/proc/{process.pid}/cmdline", "rb") as cmdline, open(f"/proc/{process.pid}/environ", "rb") as env:
            seen = cmdline.read() + env.read()
        printed = b"".join(process.communicate(timeout=60))
        assert process.returncode == 0
    printed += b"".join((lambda r: (r.stdout, r.stderr))(homeserver.run("check")))
    for secret in (PASSWORD.encode(), b"do not tell anybody"):
        assert secret not in printed
        assert secret not in seen
    assert homeserver.account("alice")[2].encode() not in printed
