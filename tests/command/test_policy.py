# SPDX-License-Identifier: ISC
"""mxadmin policy: what it says that it would do, what it does, and what it leaves behind."""
import json
import sqlite3
import time

import pytest

DAY = 86400000
NAMES = ["remote_media", "local_media", "idle_sessions", "expired_registration_tokens", "empty_rooms"]


def policies(homeserver, **options):
    lines = "".join(f"    {name}: {value}\n" for name, value in options.items())
    with open(homeserver.config, "a") as config:
        config.write("policies:\n" + lines)
    return homeserver


@pytest.fixture
def used(homeserver):
    """A homeserver that has been used for long: sessions, media without files and tokens, old and new."""
    now = int(time.time() * 1000)
    homeserver.create("alice")
    homeserver.create("bot")
    with sqlite3.connect(homeserver.database) as database:
        database.executemany(
            "INSERT INTO userapi_devices (access_token, session_id, device_id, localpart, server_name, created_ts, last_seen_ts)"
            " VALUES (?, 1, ?, ?, 'example.org', 1, ?)",
            [("a", "OLD", "alice", now - 40 * DAY), ("b", "NEW", "alice", now - 20 * DAY), ("c", "BOT", "bot", now - 90 * DAY)])
        database.executemany("INSERT INTO mediaapi_media_repository VALUES (?, ?, 'text/plain', 100, ?, '', ?, ?)",
                             [("mine", "example.org", now - 400 * DAY, "h1", "@alice:example.org"),
                              ("theirs", "other.org", now - 100 * DAY, "h2", ""), ("new", "other.org", now, "h3", "")])
        database.execute("INSERT INTO userapi_registration_tokens VALUES ('over', 0, 0, NULL, 1), ('ever', 0, 0, NULL, NULL)")
    return homeserver


def counts(homeserver):
    return [homeserver.query(f"SELECT COUNT(*) FROM {table}")[0][0]
            for table in ("mediaapi_media_repository", "userapi_devices", "userapi_registration_tokens")]


def test_all_are_off(used):
    before = counts(used)
    assert used.must("policy").splitlines() == [f"{name}: off" for name in NAMES]
    assert [(row["policy"], row["on"]) for row in json.loads(used.must("policy", "--json"))] == [(n, False) for n in NAMES]
    assert counts(used) == before and json.loads(used.must("jobs", "list", "--json")) == []


def test_what_would_be_done_is_done(used):
    policies(used, remote_media_days=90, idle_session_days=30, expired_registration_tokens="true", spare_users="[bot]")
    before = counts(used)
    assert used.must("policy", "--dry-run").splitlines() == [
        "remote_media: 1 media would be deleted, 0 bytes", "local_media: off", "idle_sessions: 1 sessions would be ended",
        "expired_registration_tokens: 1 registration tokens would be deleted", "empty_rooms: off"]
    assert counts(used) == before and json.loads(used.must("jobs", "list", "--json")) == []
    assert used.must("policy").splitlines() == [
        "remote_media: 1 media deleted", "local_media: off", "idle_sessions: 1 sessions ended",
        "expired_registration_tokens: 1 registration tokens deleted", "empty_rooms: off"]
    assert counts(used) == [2, 2, 1]
    assert used.query("SELECT device_id FROM userapi_devices ORDER BY 1") == [("BOT",), ("NEW",)]
    rows = [row for row in json.loads(used.must("audit", "--route", "policy", "--json")) if row["method"] == "POLICY"]
    assert [(row["target"], row["outcome"]) for row in rows] == [(name, 200) for name in reversed(NAMES)
                                                                if name not in ("local_media", "empty_rooms")]
    jobs = json.loads(used.must("jobs", "list", "--kind", "policy", "--json"))
    assert rows[0]["parameters"] == {"job_id": jobs[0]["id"], "days": 0, "deleted": 1}
    assert json.loads(used.must("jobs", "show", jobs[1]["id"], "--json"))["result"] == {"ended": ["alice:OLD"]}


def test_one_of_them(used):
    policies(used, remote_media_days=90, idle_session_days=30)
    row, = json.loads(used.must("policy", "--only", "idle_sessions", "--dry-run", "--json"))
    assert row == {"policy": "idle_sessions", "on": True, "days": 30, "count": 2, "bytes": None, "spared": 0, "failed": 0,
                   "job_id": None}
    row, = json.loads(used.must("policy", "--only", "idle_sessions", "--json"))
    assert (row["count"], row["failed"]) == (2, 0) and counts(used) == [3, 1, 2]
    result = used.run("policy", "--only", "nothing")
    assert (result.returncode, "--only names no policy" in result.stderr.decode()) == (2, True)


def test_check_says_that_nothing_carries_them_out(used):
    said = "warning jobs: there are policies, and nothing does them"
    assert said not in used.run("check").stdout.decode()
    assert said in policies(used, idle_session_days=30).run("check").stdout.decode()


@pytest.mark.parametrize("name, value", [("idle_session_days", "-1"), ("expired_registration_tokens", "sometimes"),
                                         ("hour", "24"), ("nothing", "1")])
def test_what_cannot_be_configured(used, name, value):
    result = policies(used, **{name: value}).run("policy", "--dry-run")
    assert result.returncode != 0 and f"policies.{name}" in result.stderr.decode()


@pytest.fixture
def empty_rooms(homeserver):
    """Three rooms; nobody is in the first any more since long, and in the second since now."""
    homeserver.create("alice")
    rooms = [homeserver.must("room", "create", "alice", "--public").strip() for _ in range(3)]
    for room in rooms[:2]:
        homeserver.must("room", "leave", "--user", "alice", room)
    with sqlite3.connect(homeserver.database) as database:
        database.execute("UPDATE roomserver_event_json SET event_json = json_set(event_json, '$.origin_server_ts', 1)"
                         " WHERE event_nid = (SELECT event_nid FROM roomserver_membership JOIN roomserver_rooms USING (room_nid)"
                         " WHERE room_id = ?)", [rooms[0]])
    return homeserver, rooms


def test_purge_of_empty_rooms(empty_rooms):
    homeserver, rooms = empty_rooms
    result = homeserver.run("room", "purge-empty")
    assert (result.returncode, "--days says" in result.stderr.decode()) == (2, True)
    assert homeserver.must("room", "purge-empty", "--days", "30", "--dry-run") == rooms[0] + "\n"
    assert homeserver.query("SELECT COUNT(*) FROM roomserver_rooms") == [(3,)]
    policies(homeserver, empty_room_days=30)
    assert json.loads(homeserver.must("room", "purge-empty", "--json")) == [
        {"room_id": rooms[0], "outcome": "purged", "error": None}]
    assert homeserver.query("SELECT COUNT(*) FROM roomserver_rooms") == [(2,)]
    assert homeserver.must("room", "purge-empty") == ""
    assert [row["outcome"] for row in json.loads(homeserver.must("audit", "--route", "room purge-empty", "--json"))] == [200]
