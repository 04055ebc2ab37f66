# SPDX-License-Identifier: ISC
"""What a homeserver's tables tell of other servers, and a reset, which waits until it is down."""
import sqlite3

import pytest

from attached import Beside
from folder import Folder
from stand_in import StandIn

PATH = "/_synapse/admin/v1/federation/destinations"
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
ROWS = {
    "federationsender_joined_hosts": [(LOBBY, "$far1", "far.org"), (LOBBY, "$far2", "far.org"),
                                      ("!elsewhere:far.org", "$far3", "far.org")],
    "federationsender_blacklist": [("gone.org",)],
    "federationsender_assumed_offline": [("gone.org",), ("old.org",)],
    "federationsender_queue_json": [(1, '{"origin_server_ts": 1600000000000}')],
    "federationsender_queue_pdus": [("", "gone.org", 1)],
}
GONE = {"destination": "gone.org", "retry_last_ts": 1600000000000, "retry_interval": 65536000,
        "failure_ts": 1600000000000, "last_successful_stream_ordering": None}


def fill(folder):
    for path in folder.databases:
        with sqlite3.connect(path) as database:
            for table, rows in ROWS.items():
                if database.execute("SELECT 1 FROM sqlite_master WHERE name = ?", [table]).fetchone():
                    database.executemany("INSERT INTO %s VALUES (%s)" % (table, ", ".join("?" * len(rows[0]))), rows)
        database.close()


@pytest.fixture(params=[("one", "wal"), ("split", "delete")], ids="-".join)
def beside(request):
    folder = Folder(files=request.param[0], journal=request.param[1])
    fill(folder)
    homeserver = StandIn(folder).start()
    with Beside(homeserver) as beside:
        yield beside
    homeserver.close()


def get(beside, path, status=200):
    answer = beside.ask("GET", PATH + path, "admin")
    assert answer.status == status, answer
    return answer.json()


def test_destinations(beside):
    answer = get(beside, "")
    assert answer["total"] == 3
    assert [row["destination"] for row in answer["destinations"]] == ["far.org", "gone.org", "old.org"]
    assert answer["destinations"][1] == GONE == get(beside, "/gone.org")
    far = get(beside, "/far.org")
    sent = far.pop("last_successful_stream_ordering")
    assert far == {"destination": "far.org", "retry_last_ts": 0, "retry_interval": 0, "failure_ts": None}
    assert (sent,) in beside.folder.select("MAX(event_nid) FROM roomserver_events")
    answer = get(beside, "?limit=1&order_by=failure_ts&dir=b")
    assert (answer["destinations"], answer["next_token"]) == ([GONE], "1")
    assert [row["destination"] for row in get(beside, "?destination=LD.")["destinations"]] == ["old.org"]
    get(beside, "/example.org", 404)


def test_rooms(beside):
    number, = beside.folder.select("last_event_sent_nid FROM roomserver_rooms WHERE room_id = ?", LOBBY)[0]
    rooms = [{"room_id": LOBBY, "stream_ordering": number}, {"room_id": "!elsewhere:far.org", "stream_ordering": 0}]
    assert get(beside, "/far.org/rooms") == {"rooms": rooms, "total": 2}
    assert get(beside, "/far.org/rooms?limit=1&dir=b") == {"rooms": rooms[1:], "total": 2, "next_token": "1"}
    assert get(beside, "/old.org/rooms") == {"rooms": [], "total": 0}
    get(beside, "/nowhere.org/rooms", 404)


def test_reset(beside):
    def reset(name):
        return beside.ask("POST", f"{PATH}/{name}/reset_connection", "admin")

    assert reset("nowhere.org").status == 404
    answer = reset("far.org")
    assert (answer.status, answer.json()["error"]) == (
        400, "The retry timing does not need to be reset for this destination.")
    asked = len(beside.homeserver.requests)
    answer = reset("gone.org")
    assert (answer.status, answer.json()) == (200, {"pending": ["reset_destination"]})
    assert len(beside.homeserver.requests) == asked, "a running Dendrite can be asked for nothing of it"
    assert get(beside, "/gone.org") == {**GONE, "pending": ["reset_destination"]}
    audit = beside.service.audit()[-1]
    assert (audit["target"], audit["outcome"]) == ("gone.org", 200)

    beside.homeserver.stop()
    assert "reset_destination gone.org: done" in beside.service.command("apply")
    beside.homeserver.start()
    assert beside.folder.select("* FROM federationsender_blacklist") == []
    assert beside.folder.select("* FROM federationsender_assumed_offline") == [("old.org",)]
    row = get(beside, "/gone.org")
    assert (row["failure_ts"], row.get("pending")) == (None, None)
    assert reset("gone.org").status == 400


def test_commands(beside):
    assert beside.service.command("federation", "list").splitlines() == [
        "far.org  -", "gone.org  fails since 2020-09-13T12:26:40Z", "old.org  -"]
    assert "reset_destination" not in beside.service.command("deferred", "list")
    beside.service.command("federation", "reset", "gone.org")
    assert "reset_destination gone.org" in beside.service.command("deferred", "list")
    assert beside.service.command("federation", "list").splitlines()[1].endswith("  a reset waits")
