# SPDX-License-Identifier: ISC
"""
The stand-in stands in truly: it gives the answers that a real Dendrite has given to the same requests, in the same
order on the same database, and leaves the rows that it has left.
"""
import http.client
import json
import sqlite3

import pytest

from check_events import check_database
from exchanges import Replay, of_fixture, recorded
from folder import Folder
from rows import Rows, changes, storage_classes
from shared import FIXTURE
from stand_in import Fault, StandIn

SETS = {"fixture": of_fixture(), "requests": recorded()}
ACTS = json.loads((FIXTURE / "rows.json").read_text())
WHOAMI = "/_matrix/client/v3/account/whoami"
LOBBY = "!VaNppTgZjfEEpSW9:example.org"
LEAVE = f"/_matrix/client/v3/rooms/{LOBBY}/leave"


@pytest.fixture
def stand_in():
    stand_in = StandIn(Folder()).start()
    yield stand_in
    stand_in.close()


@pytest.mark.parametrize("files, journal", [("one", "delete"), ("split", "wal")])
@pytest.mark.parametrize("name", SETS)
def test_answers(name, files, journal):
    stand_in = StandIn(Folder(files=files, journal=journal))
    replay = Replay(stand_in.start())
    wrong = [replay.compare(exchange) for exchange in SETS[name]]
    stand_in.close()
    assert list(filter(None, wrong)) == []


def caller_of(act):
    """Who does one of the acts of rows.json; the admin, where there is no command for it."""
    words = act.get("command", [])
    return words[words.index("--user") + 1] if "--user" in words else words[-1] if words else "admin"


@pytest.fixture(scope="module")
def acted():
    """What became of each act of rows.json, and the folder after all of them."""
    stand_in = StandIn(Folder()).start()
    results, before = {}, Rows(stand_in.folder.databases[0])
    for act in ACTS:
        answer = stand_in.ask(act["method"], act["path"], caller_of(act), act["body"])
        after = Rows(stand_in.folder.databases[0], before)
        results[act["what"]] = answer.status, after.json(answer.json()), changes(before, after)
        before = after
    stand_in.stop()
    yield results, stand_in.folder
    stand_in.close()


@pytest.mark.parametrize("act", ACTS, ids=[act["what"].replace(" ", "_") for act in ACTS])
def test_rows(acted, act):
    status, answer, tables = acted[0][act["what"]]
    assert (status, answer) == (act["status"], act["answer"])
    assert sorted(tables) == sorted(act["changes"])
    for table in tables:
        assert tables[table] == act["changes"][table], table


def test_storage_classes(acted):
    original = Folder()
    theirs, ours = (storage_classes(folder.databases[0]) for folder in (original, acted[1]))
    original.close()
    assert {name: ours[name] for name in theirs if theirs[name] and not ours[name] <= theirs[name]} == {}


def test_events_are_signed(acted):
    assert check_database(acted[1].databases[0], acted[1].key_file)[1] == []
    database = sqlite3.connect(acted[1].databases[0])
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()


def test_leave_is_in_sync(stand_in):
    sync = "/_matrix/client/v3/sync"
    start = stand_in.ask("GET", sync, "user03").json()
    assert LOBBY in start["rooms"]["join"]
    assert stand_in.ask("POST", LEAVE, "user03", {}).status == 200
    rooms = stand_in.ask("GET", f"{sync}?since={start['next_batch']}", "user03").json()["rooms"]
    assert "join" not in rooms
    event = rooms["leave"][LOBBY]["timeline"]["events"][-1]
    assert (event["state_key"], event["content"]) == ("@user03:example.org", {"membership": "leave"})
    assert LOBBY not in stand_in.ask("GET", sync, "user03").json()["rooms"].get("join", {})


def test_without_tokens_and_notices():
    stand_in = StandIn(Folder(tokens_required=False, notices=False)).start()
    try:
        answer = stand_in.ask("POST", "/_dendrite/admin/registrationTokens/new", "admin", {})
        assert (answer.status, answer.json()["errcode"]) == (403, "M_FORBIDDEN")
        assert stand_in.ask("POST", "/_synapse/admin/v1/send_server_notice", "admin", {}).status == 404
    finally:
        stand_in.close()


def test_files_are_the_owner_s(stand_in):
    """What others read is whole while it is written."""
    reader = stand_in.folder.connect()
    reader.execute("BEGIN")
    count = reader.execute("SELECT COUNT(*) FROM roomserver_events").fetchone()
    reader.execute("COMMIT")
    assert stand_in.ask("POST", LEAVE, "user03", {}).status == 200
    assert reader.execute("SELECT COUNT(*) FROM roomserver_events").fetchone()[0] == count[0] + 1
    reader.close()


def is_joined(stand_in, user):
    return stand_in.folder.select("membership FROM syncapi_current_room_state WHERE room_id = ? AND state_key = ?",
                                  LOBBY, f"@{user}:example.org") == [("join",)]


@pytest.mark.parametrize("kind, done", [("refuse", False), ("garbage", False), ("cut", True), ("lost", True)])
def test_connection_ends(stand_in, kind, done):
    stand_in.faults = [Fault(kind, "/leave$", times=1)]
    with pytest.raises((OSError, http.client.HTTPException)):
        stand_in.ask("POST", LEAVE, "user03", {})
    assert is_joined(stand_in, "user03") != done
    assert stand_in.requests[-1].status is None
    assert stand_in.ask("POST", LEAVE, "user03", {}).status == (400 if done else 200)


@pytest.mark.parametrize("kind, status, done", [("error", 500, False), ("html", 502, False), ("slow", 200, True),
                                                ("text", 200, True)])
def test_answer_is_bad(stand_in, kind, status, done):
    stand_in.faults = [Fault(kind, "/leave$", "POST", times=1, seconds=0.1)]
    answer = stand_in.ask("POST", LEAVE, "user03", {})
    assert answer.status == status
    assert is_joined(stand_in, "user03") != done
    if kind in ("html", "text"):
        with pytest.raises(ValueError):
            answer.json()


def test_faults_spare_others(stand_in):
    stand_in.faults = [Fault("error", "whoami", times=2, skip=1)]
    statuses = [stand_in.ask("GET", WHOAMI, "admin").status for _ in range(4)]
    assert statuses == [200, 500, 500, 200]
    assert stand_in.ask("GET", "/_matrix/client/versions").status == 200


def test_down_and_up_again(stand_in):
    port = stand_in.port
    before = stand_in.folder.contents()
    stand_in.stop()
    assert not stand_in.is_running()
    with pytest.raises(OSError):
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).request("GET", WHOAMI)
    stand_in.start()
    assert stand_in.port == port
    assert stand_in.ask("GET", WHOAMI, "admin").status == 200
    assert stand_in.folder.contents().keys() == before.keys()


def test_requests_are_kept(stand_in):
    stand_in.ask("GET", WHOAMI, "admin")
    stand_in.ask("POST", "/_matrix/client/v3/login", None, {"type": "m.login.nothing"})
    first, second = stand_in.requests
    assert (first.method, first.path, first.token, first.status) == ("GET", WHOAMI, stand_in.folder.tokens["admin"],
                                                                     200)
    assert (second.token, json.loads(second.body), second.status) == (None, {"type": "m.login.nothing"}, 400)


def test_it_can_be_told_from_elsewhere(stand_in):
    assert stand_in.ask("PUT", "/stand-in/faults", None, [{"kind": "error", "path": "whoami"}]).status == 200
    assert stand_in.ask("GET", WHOAMI, "admin").status == 500
    assert stand_in.ask("DELETE", "/stand-in/faults").status == 200
    assert stand_in.ask("GET", WHOAMI, "admin").status == 200
    assert stand_in.ask("GET", "/stand-in/requests").json() == [["GET", WHOAMI, 500], ["GET", WHOAMI, 200]]
    assert stand_in.ask("DELETE", "/stand-in/requests").status == 200
    assert stand_in.requests == []
